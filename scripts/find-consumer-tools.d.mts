/** The path of test/consumers/node_modules with all its packages, or undefined where one is missing. */
export function findConsumerTools(): string | undefined
