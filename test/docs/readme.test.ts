/** The README's tour, run word for word: each marked command, and what stands below it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeClone, type Clone } from './clone.ts'
import { firstDifference } from './compare-output.ts'
import { fences, readDocument, type Fence } from './markdown.ts'

interface Step {
  readonly kind: 'tour: start' | 'tour: fails' | 'tour'
  readonly command: string
  readonly shown: string
  readonly line: number
}

function stepsOf(all: readonly Fence[]): readonly Step[] {
  return all.flatMap((fence, index) => {
    const { mark, text, line } = fence
    if (mark !== 'tour' && mark !== 'tour: start' && mark !== 'tour: fails') return []
    const below = all[index + 1]
    assert.ok(below?.language === 'text', `README line ${line}: shows no output`)
    return [{ kind: mark, command: text, shown: below.text, line }]
  })
}

describe('the tour of the README', { timeout: 60_000 }, () => {
  const steps = stepsOf(fences(readDocument('README.md')))
  let clone: Clone

  before(async () => {
    clone = await makeClone()
  })
  after(() => clone.remove())

  it('has its steps marked', () => {
    assert.equal(steps.filter(({ kind }) => kind === 'tour: start').length, 1)
    assert.ok(steps.length >= 12, `only ${steps.length} steps`)
  })

  for (const { kind, command, shown, line } of steps) {
    it(`line ${line}: ${command.split('\n', 1)[0] ?? ''}`, async () => {
      if (kind === 'tour: start') {
        // npm's own lines stand before the router's.
        const output = await clone.start(command, '"content":"Hello"')
        assert.equal(firstDifference(`…\n${shown}`, output), null)
        return
      }
      const { code, stdout, stderr } = await clone.sh(command)
      const fails = kind === 'tour: fails'
      assert.equal(code === 0, !fails, `exit code ${code}\n${stdout}\n${stderr}`)
      const output = fails ? stdout + stderr : stdout
      assert.equal(firstDifference(shown, output), null, `all of it:\n${output}\n${stderr}`)
    })
  }
})
