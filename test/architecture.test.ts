/** Holds the sources to the house plan (DESIGN 1 to 3), and the rules to made-up sources that break them. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { breaches, importsOf, type Sources } from './support/architecture.ts'

const ROOT = new URL('..', import.meta.url).pathname

function sourcesOf(...folders: readonly string[]): Sources {
  const sources = new Map<string, string>()
  for (const folder of folders) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      const path = `${folder}/${entry.replaceAll('\\', '/')}`
      if (path.endsWith('.ts') && !path.endsWith('.test.ts'))
        sources.set(path, readFileSync(join(ROOT, path), 'utf8'))
    }
  }
  return sources
}

describe('the house', () => {
  const sources = sourcesOf('src', 'cli')

  test('is read whole', () => {
    assert.ok(sources.size > 100)
    assert.ok(importsOf(sources.get('src/router.ts') ?? '').length > 15)
  })

  test('keeps to its plan', () => {
    assert.deepEqual(breaches(sources), [])
  })

  test('has files of a readable size', () => {
    const lengths = [...sources.values()].map((text) => text.split('\n').length).toSorted((a, b) => a - b)
    const median = lengths[lengths.length >> 1] ?? 0
    assert.ok(median <= 80, `the median file has ${median} lines`)
  })
})

describe('the rules', () => {
  /** A small house in order, with one file replaced or added. */
  const broken = (path: string, text: string): readonly string[] =>
    breaches(
      new Map([
        ['src/errors.ts', 'export const a = 1\n'],
        ['src/wire/json.ts', "import { a } from '../errors.ts'\nexport const b = a\n"],
        ['src/decide/decide.ts', "import type { B } from '../wire/json.ts'\nexport type C = B\n"],
        [
          'src/dispatch/fleet.ts',
          "import { Pool } from 'undici'\nimport type { C } from '../decide/decide.ts'\n",
        ],
        ['src/server.ts', "import { createServer, type Server } from 'node:http'\n"],
        ['cli/main.ts', 'process.exit(Number(process.env["A"]))\n'],
        [path, text],
      ]),
    )

  test('are content with a house in order', () =>
    assert.deepEqual(broken('src/errors.ts', 'export const a = 1\n'), []))

  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'an import to the right',
      'src/wire/json.ts',
      "import { x } from '../dispatch/fleet.ts'\n",
      /lies to its right/,
    ],
    [
      'a type from the right',
      'src/decide/decide.ts',
      "import type { X } from '../dispatch/fleet.ts'\n",
      /lies to its right/,
    ],
    [
      'a re-export from the right',
      'src/wire/json.ts',
      "export { x } from '../decide/decide.ts'\n",
      /lies to its right/,
    ],
    [
      'a lazy import to the right',
      'src/wire/json.ts',
      "const x = await import('../dispatch/fleet.ts')\n",
      /lies to its right/,
    ],
    [
      'an import over several lines',
      'src/wire/json.ts',
      "import {\n  x,\n  y,\n} from '../dispatch/fleet.ts'\n",
      /lies to its right/,
    ],
    ['an import of cli', 'src/server.ts', "import { x } from '../cli/main.ts'\n", /lies to its right/],
    ['an import of what is not there', 'src/server.ts', "import { x } from './gone.ts'\n", /not there/],
    ['a file that belongs nowhere', 'src/utils/all.ts', 'export const x = 1\n', /in no layer/],
    [
      'undici outside of dispatch',
      'src/reply/reply.ts',
      "import { request } from 'undici'\n",
      /imports undici/,
    ],
    [
      'a client of node:http',
      'src/server.ts',
      "import { createServer, request } from 'node:http'\n",
      /takes request from node:http/,
    ],
    [
      'a client of node:http in dispatch',
      'src/dispatch/fleet.ts',
      "import * as http from 'node:http'\n",
      /takes \* from node:http/,
    ],
    [
      'a socket',
      'src/record/store.ts',
      "import { connect } from 'node:net'\n",
      /takes connect from node:net/,
    ],
    ['a look-up', 'cli/main.ts', "import { lookup } from 'dns'\n", /takes lookup from dns/],
    ['fetch', 'src/health.ts', 'export const x = await fetch(url)\n', /opens a connection/],
    ['the environment in src', 'src/server.ts', 'export const x = process.env.HOME\n', /process\.env/],
    ['the arguments in src', 'src/server.ts', "export const x = process['argv']\n", /process\[/],
    ['an exit in src', 'src/server.ts', 'process.exit(1)\n', /process\.exit/],
    ['any as a type', 'src/errors.ts', 'export const a = (x: any) => x\n', /type named any/],
    ['any as an argument', 'src/errors.ts', 'export const a = new Map<string, any>()\n', /type named any/],
    ['any in a cast', 'src/errors.ts', 'export const a = b as any\n', /type named any/],
    ['any in a list', 'src/errors.ts', 'export let a: any[]\n', /type named any/],
    ['a long file', 'src/errors.ts', 'export {}\n'.repeat(251), /has 251 lines/],
  ]
  for (const [what, path, text, message] of cases) {
    test(`notice ${what}`, () => {
      const found = broken(path, text)
      assert.ok(
        found.some((one) => message.test(one)),
        `found: ${found.join('; ')}`,
      )
    })
  }

  test('notice a cycle, through types too', () => {
    const found = breaches(
      new Map([
        ['src/wire/a.ts', "import { b } from './b.ts'\n"],
        ['src/wire/b.ts', "import type { C } from './c.ts'\n"],
        ['src/wire/c.ts', "export { a } from './a.ts'\n"],
      ]),
    )
    assert.deepEqual(found, ['cycle: src/wire/a.ts → src/wire/b.ts → src/wire/c.ts → src/wire/a.ts'])
  })

  test('let prose, strings and properties be', () => {
    const text = [
      "/** any of process.env, imported from '../dispatch/fleet.ts' */",
      '// const x: any = fetch(url)',
      "export const label = 'any' // or any",
      'export const b = calls.any || label === "any"',
      'export class C { get any(): boolean { return true } }',
      "import type { IncomingMessage } from 'node:http'",
      "import { type Socket } from 'node:net'",
    ].join('\n')
    assert.deepEqual(broken('src/wire/json.ts', text), [])
  })

  test('let a long file be that says why', () => {
    assert.deepEqual(
      broken('src/errors.ts', `// Over 250 lines, because it is a table.\n${'export {}\n'.repeat(260)}`),
      [],
    )
  })
})
