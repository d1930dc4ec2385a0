import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { ConfigError, parseConfig, type Problem } from '../../src/config.ts'
import { GOOD } from './bad-policy.ts'
import { unknownKeys, wrongValues } from './bad-values.ts'
import { wrongNames, wrongWhole, wrongYaml } from './bad-wholes.ts'
import { SPEC_POLICY } from './spec-policy.ts'

function problemsOf(text: string): readonly Problem[] {
  try {
    parseConfig(text, 'policy.yaml')
  } catch (error) {
    assert.ok(error instanceof ConfigError, `${String(error)} is no ConfigError`)
    assert.ok(error.problems.length > 0)
    return error.problems
  }
  return []
}

describe('a bad policy is refused by line and key:', () => {
  test('the good one they are made of is good', () => assert.deepEqual(problemsOf(GOOD), []))
  for (const { what, text, problems, says } of [
    ...unknownKeys,
    ...wrongValues,
    ...wrongNames,
    ...wrongWhole,
    ...wrongYaml,
  ]) {
    test(what, () => {
      const found = problemsOf(text)
      assert.notEqual(found.length, 0, 'it loads')
      if (problems.length > 0) {
        const told = found.map(({ line, key, suggestion }) =>
          suggestion === undefined ? `${line} ${key}` : `${line} ${key} -> ${suggestion}`,
        )
        assert.deepEqual(told, problems, found.map(({ message }) => message).join('\n'))
      }
      if (says !== undefined) assert.match(found.map(({ message }) => message).join('\n'), says)
    })
  }
  test('all mistakes are told at once, in the order of the file', () => {
    const text = GOOD.replace('type: ollama', 'type: olama')
      .replace('task: code', 'task: coding')
      .replace('default: local', 'default: lokal')
    assert.deepEqual(
      problemsOf(text).map(({ line, suggestion }) => [line, suggestion]),
      [
        [3, 'ollama'],
        [9, 'code'],
        [12, 'local'],
      ],
    )
  })
  test('reads as file:line:column key: message; did you mean', () => {
    assert.throws(() => parseConfig(GOOD.replace('sensitivity', 'sensitivty'), 'policy.yaml'), {
      name: 'ConfigError',
      message: 'policy.yaml:7:14 routes[0].match.sensitivty: unknown key; did you mean "sensitivity"?',
    })
  })
  test('never repeats a value, which may be a key pasted in the wrong place', () => {
    const secret = 'sk-proj-0123456789abcdef'
    for (const key of ['type', 'p50Ms', 'families', 'endpoint', 'attest']) {
      const text = GOOD.replace('type: ollama', `type: ollama\n    ${key}: ${secret}`)
      for (const { message } of problemsOf(text)) assert.ok(!message.includes(secret), message)
    }
  })
})

describe('whatever the text', () => {
  const inText = (problem: Problem, text: string): boolean =>
    problem.line >= 1 && problem.column >= 1 && problem.line <= text.split('\n').length + 1

  test('it loads or is refused with a place in the file; nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        for (const problem of problemsOf(text)) assert.ok(inText(problem, text))
      }),
      { numRuns: 500 },
    )
  })
  test('so it is for the policy of SPEC 3 with a piece cut out, doubled or put in', () => {
    const pieces = [
      '*a',
      '&a ',
      '!t ',
      '{',
      ']',
      '? ',
      ': ',
      '- ',
      '\t',
      '|\n',
      '"',
      '__proto__: 1\n',
      '%',
      '<<: ',
      '0x',
      'null',
    ]
    fc.assert(
      fc.property(
        fc.nat({ max: SPEC_POLICY.length }),
        fc.nat({ max: 40 }),
        fc.constantFrom('cut', 'double', ...pieces),
        (start, length, how) => {
          const [head, piece, tail] = [
            SPEC_POLICY.slice(0, start),
            SPEC_POLICY.slice(start, start + length),
            SPEC_POLICY.slice(start + length),
          ]
          const put = how === 'cut' ? '' : how === 'double' ? piece + piece : how + piece
          const text = head + put + tail
          for (const problem of problemsOf(text)) assert.ok(inText(problem, text))
        },
      ),
      { numRuns: 1000 },
    )
  })
})
