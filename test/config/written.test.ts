/** Files that are made from the schema, or that must load under it: none may drift from it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { renderConfiguration } from '../../scripts/write-configuration.ts'
import { renderSchema } from '../../scripts/write-schema.ts'
import { loadConfigFile, parseConfig } from '../../src/config.ts'
import { type JsonSchema, policyJsonSchema } from '../../src/config/schema.ts'
import { SPEC_POLICY } from './spec-policy.ts'

const at = (file: string): URL => new URL(`../../${file}`, import.meta.url)
const read = (file: string): string => readFileSync(at(file), 'utf8')

/** Every key of the schema with the description an editor shows for it. */
function described(schema: JsonSchema, path = ''): [string, string | undefined][] {
  const inner = [
    ...(schema.anyOf ?? []).flatMap((branch) => described(branch, path)),
    ...(schema.items === undefined ? [] : described(schema.items, `${path}[]`)),
    ...(typeof schema.additionalProperties === 'object'
      ? described(schema.additionalProperties, `${path}.*`)
      : []),
  ]
  const own = Object.entries(schema.properties ?? {}).flatMap(
    ([key, property]): [string, string | undefined][] => [
      [`${path}.${key}`, property.description],
      ...described(property, `${path}.${key}`),
    ],
  )
  return [...own, ...inner]
}

describe('what is written from the schema', () => {
  test('policy.schema.json is up to date', () => {
    assert.equal(read('policy.schema.json'), renderSchema(), 'run node scripts/write-schema.ts')
  })
  test('docs/configuration.md is up to date', () => {
    assert.equal(
      read('docs/configuration.md'),
      renderConfiguration(),
      'run node scripts/write-configuration.ts',
    )
  })
  test('every key is described, and named in the reference', () => {
    const page = renderConfiguration()
    const keys = described(policyJsonSchema())
    assert.ok(keys.length > 60)
    for (const [path, description] of keys) {
      assert.ok(description !== undefined && description.length > 4, `${path} has no description`)
      const key = path.slice(path.lastIndexOf('.') + 1)
      assert.match(page, new RegExp(`\`(\\w+\\.)*${key}\``), `${path} is not in the reference`)
    }
  })
  test('no object of the schema takes keys it does not know', () => {
    const open: string[] = []
    const walk = (schema: JsonSchema, path: string): void => {
      if (schema.type === 'object' && schema.additionalProperties === undefined) open.push(path)
      for (const [key, property] of Object.entries(schema.properties ?? {})) walk(property, `${path}.${key}`)
      for (const branch of schema.anyOf ?? []) walk(branch, path)
      if (schema.items !== undefined) walk(schema.items, `${path}[]`)
      if (typeof schema.additionalProperties === 'object') walk(schema.additionalProperties, `${path}.*`)
    }
    walk(policyJsonSchema(), '')
    assert.deepEqual(open, [])
  })
})

describe('examples', () => {
  test('policy.example.yaml is the policy of SPEC 3 and names its schema', () => {
    const text = read('policy.example.yaml')
    assert.match(text, /^# yaml-language-server: \$schema=\.\/policy\.schema\.json\n/)
    const { source: _a, ...example } = loadConfigFile(at('policy.example.yaml').pathname)
    const { source: _b, ...spec } = parseConfig(SPEC_POLICY, 'spec')
    assert.deepEqual(example, spec)
  })
  test('the sections its last comment shows are right, and are the defaults', () => {
    const text = read('policy.example.yaml')
    const [head = '', tail = ''] = text.split('# Further sections, with their defaults:\n')
    const { source: _a, ...shown } = parseConfig(head + tail.replaceAll(/^# ?/gm, ''), 'shown')
    const { source: _b, ...silent } = parseConfig(text, 'silent')
    assert.deepEqual(shown, silent)
  })
  test('every policy in the reference loads without a warning', () => {
    const blocks = [...read('docs/configuration.md').matchAll(/^```yaml\n([^]*?)^```/gm)].map(
      ([, block]) => block ?? '',
    )
    const policies = blocks.filter((block) => block.startsWith('backends:'))
    assert.ok(policies.length >= 2)
    for (const policy of policies) assert.deepEqual(parseConfig(policy, 'docs').warnings, [])
  })
})
