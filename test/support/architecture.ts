/** The house plan's rules (DESIGN 1, 3) over a set of sources. Pure, so that the rules themselves can be tested. */

/** Path from the repository's root, with `/`, to its text. */
export type Sources = ReadonlyMap<string, string>

interface Import {
  readonly from: string
  /** Names bound at run time; types are gone by then. `*` for a namespace, a default or a bare import. */
  readonly values: readonly string[]
}

/** From left to right; a file imports its own layer or one to its left. Several names: one layer. */
const LAYERS: readonly (readonly string[])[] = [
  ['src/errors.ts', 'src/clock.ts'],
  ['src/wire/'],
  ['src/accept/'],
  ['src/classify/'],
  ['src/decide/'],
  ['src/dispatch/'],
  ['src/record/'],
  ['src/reply/'],
  // What puts the stages together lies in src/ itself.
  ['src/config/', 'src/'],
  ['cli/'],
]

/** Modules that can open a connection, and who may use what of them. */
const NETWORK = new Set(
  ['http', 'https', 'http2', 'net', 'tls', 'dgram', 'dns', 'dns/promises'].flatMap((name) => [
    name,
    `node:${name}`,
  ]),
)
const NETWORK_ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/server.ts': ['createServer'],
  'src/dispatch/demo-server.ts': ['createServer'],
  'src/dispatch/address.ts': ['isIP', 'BlockList'],
}

const MAX_LINES = 250

/** Every breach, one line each; empty when the house is in order. */
export function breaches(sources: Sources): readonly string[] {
  const found: string[] = []
  for (const [path, text] of sources) {
    if (layerOf(path) === -1) found.push(`${path}: is in no layer of the house plan`)
    found.push(...importBreaches(path, text, sources), ...textBreaches(path, text))
  }
  return [...found, ...cycles(sources).map((cycle) => `cycle: ${cycle.join(' → ')}`)]
}

function layerOf(path: string): number {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  return LAYERS.findIndex((names) =>
    names.some((name) => {
      if (!name.endsWith('/')) return path === name
      return name === 'src/' ? folder === name : path.startsWith(name)
    }),
  )
}

function importBreaches(path: string, text: string, sources: Sources): string[] {
  const found: string[] = []
  for (const { from, values } of importsOf(text)) {
    if (from.startsWith('.')) {
      const target = resolve(path, from)
      if (!sources.has(target)) {
        if (!target.endsWith('.json')) found.push(`${path}: imports ${target}, which is not there`)
      } else if (layerOf(target) > layerOf(path)) {
        found.push(`${path}: imports ${target}, which lies to its right`)
      }
    } else if (from === 'undici' || from.startsWith('undici/')) {
      if (!path.startsWith('src/dispatch/'))
        found.push(`${path}: imports undici; only src/dispatch opens connections`)
    } else if (NETWORK.has(from)) {
      const allowed = NETWORK_ALLOWED[path] ?? []
      const others = values.filter((name) => !allowed.includes(name))
      if (others.length > 0) found.push(`${path}: takes ${others.join(', ')} from ${from}`)
    }
  }
  return found
}

/** Rules on the code itself, comments and strings left out. */
function textBreaches(path: string, text: string): string[] {
  const found: string[] = []
  const code = codeOf(text)
  const outside = path.startsWith('src/') ? /\bprocess\s*(?:\.\s*(?:env|argv|exit\w*)\b|\[)/.exec(code) : null
  if (outside !== null) found.push(`${path}: has ${outside[0]}; only cli/ may`)
  if (/(?<![\w.$#])(?:fetch|XMLHttpRequest|WebSocket|EventSource)\s*\(/.test(code)) {
    found.push(`${path}: opens a connection past src/dispatch`)
  }
  if (hasAnyType(code)) found.push(`${path}: has a type named any`)
  const lines = text.split('\n').length - 1
  const [first = ''] = text.split('\n', 1)
  if (lines > MAX_LINES && !/^(?:\/\*\*?|\/\/).*over 250 lines/i.test(first)) {
    found.push(`${path}: has ${lines} lines and no reason ("Over 250 lines, because …") on its first one`)
  }
  return found
}

/** A property of that name (`calls.any`, `get any()`) is a word like any other. */
function hasAnyType(code: string): boolean {
  return /(?<![.\w$#]|get )any\b(?!\s*\()/.test(code)
}

/** Comments and the insides of strings blanked, line by line; good enough for code that a formatter has been over. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .split('\n')
    .map((line) =>
      line.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\$]|\\.)*`/g, "''").replace(/\/\/.*$/, ''),
    )
    .join('\n')
}

/** What stands between `import` or `export` and `from`: nothing that could run on into the next statement. */
const CLAUSE = String.raw`(?:type\s+)?(?:[\w$]+\s*,?\s*)?(?:\{[^{}]*\}|\*(?:\s+as\s+[\w$]+)?)?`
const STATIC = new RegExp(String.raw`^\s*(?:import|export)\s+(${CLAUSE})\s*from\s*['"]([^'"]+)['"]`, 'gm')

export function importsOf(text: string): readonly Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/^\s*\/\/.*$/gm, '')
  const found: Import[] = []
  for (const [, clause = '', from = ''] of code.matchAll(STATIC)) {
    found.push({ from, values: valuesOf(clause) })
  }
  for (const [, from = ''] of code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm))
    found.push({ from, values: ['*'] })
  for (const [, from = ''] of code.matchAll(/\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g))
    found.push({ from, values: ['*'] })
  return found
}

function valuesOf(clause: string): readonly string[] {
  if (/^type\b/.test(clause)) return []
  const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? ''
  const named = braces
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !/^type\b/.test(name))
    .map((name) => name.split(/\s+as\s+/)[0] ?? '')
  const outside = clause
    .replace(/\{[^}]*\}/, '')
    .replaceAll(',', '')
    .trim()
  return outside === '' ? named : [...named, '*']
}

function resolve(path: string, from: string): string {
  return new URL(from, `file:///${path}`).pathname.slice(1)
}

/** Each cycle once, types included: two files that need each other are one. */
function cycles(sources: Sources): readonly (readonly string[])[] {
  const found: string[][] = []
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path)
    if (at !== -1) return void found.push([...way.slice(at), path])
    if (done.has(path)) return
    for (const { from } of importsOf(sources.get(path) ?? '')) {
      const target = from.startsWith('.') ? resolve(path, from) : ''
      if (sources.has(target)) visit(target, [...way, path])
    }
    done.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return found
}
