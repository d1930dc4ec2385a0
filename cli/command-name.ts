/** How a person calls this program: the published package is JavaScript, a clone of the repository TypeScript. */
export const COMMAND = import.meta.url.endsWith('.ts') ? 'npm run --silent llr --' : 'llr'
