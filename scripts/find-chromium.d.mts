/** The path of an executable Chromium that says its version; undefined where there is none. */
export function findChromium(): string | undefined
