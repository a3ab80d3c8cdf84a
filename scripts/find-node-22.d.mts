/** The path of a Node 22 that starts, or undefined where there is none. */
export function findNode22(): string | undefined
