import { readFileSync } from 'node:fs'

/** From `package.json`, which lies one folder up in the repository and two in the published package. */
function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
      if (typeof manifest === 'object' && manifest !== null && 'name' in manifest && 'version' in manifest) {
        if (manifest.name === 'local-llm-router' && typeof manifest.version === 'string')
          return manifest.version
      }
    } catch {
      // Not there: the other place is tried.
    }
  }
  return 'unknown'
}

export const VERSION: string = readVersion()
