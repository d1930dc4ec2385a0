import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatherEvidence } from './ask-evidence.ts'
import type { Complexity, Task } from './classification.ts'
import { scoreComplexity } from './complexity.ts'
import { readTask } from './task.ts'

function taskOf(text: string): Task {
  return readTask(gatherEvidence(text), false).task
}

function complexityOf(text: string): { score: number; level: Complexity } {
  const evidence = gatherEvidence(text)
  return scoreComplexity(text, evidence, readTask(evidence, false).fineTask)
}

const ASKS: Readonly<Partial<Record<Task, readonly string[]>>> = {
  code: [
    'Write a TypeScript function that merges two sorted arrays',
    'def clamp(x, low, high):\n    return max(low, min(x, high))\nwhy does this fail for NaN?',
    'how do I squash my last two git commits',
    'Напиши код на Python, который читает файл',
    '用代码实现快速排序',
  ],
  web_search: [
    'what is the weather in Oslo tonight',
    'Who won the match last night?',
    'latest news about the strike',
  ],
  summarisation: ['Summarise the minutes below in three lines.', 'tl;dr of this thread?', '总结这篇文章'],
  classification: [
    'Classify this ticket as bug or feature',
    'Is this review positive or negative? "Cold soup."',
  ],
  vision: ['What is written on the sign in this photo?'],
  general: [
    'My class at university starts on Monday, what should I pack?',
    'Who taught Aristotle?',
    'What does the letter of the law mean?',
    'Write an update for my team about the move',
    'How does a return on investment differ from profit?',
    'Translate "summarise" into Polish',
    'Let us go over the function of the liver',
  ],
}

describe('readTask', () => {
  for (const [task, asks] of Object.entries(ASKS)) {
    it(`knows ${task}`, () => {
      for (const ask of asks) assert.equal(taskOf(ask), task, ask)
    })
  }

  it('is vision whenever the ask carries an image', () => {
    assert.equal(readTask(gatherEvidence('write python'), true).task, 'vision')
  })

  it('finds the instruction before, behind and amid a long text', () => {
    const filler = 'The river rose again in spring and the meadows were under water for a week. '.repeat(200)
    assert.equal(taskOf(`Summarise the following report.\n\n${filler}`), 'summarisation')
    assert.equal(taskOf(`${filler}\n\nSummarise the report above.`), 'summarisation')
  })
})

describe('scoreComplexity', () => {
  it('calls short plain asks low', () => {
    for (const ask of [
      'Write a Python function that reverses a string',
      'hi',
      'What is the capital of Peru?',
      'fix the typo in the readme',
    ]) {
      assert.equal(complexityOf(ask).level, 'low', ask)
    }
  })

  it('calls hard asks high even when they are short', () => {
    const hard = [
      'Prove that the sum of two odd integers is even and derive the general lemma for modulo n.',
      'Design a distributed, fault-tolerant job queue with exactly-once semantics; it must survive partitions, support priorities and explain the trade-offs.',
    ]
    for (const ask of hard) assert.equal(complexityOf(ask).level, 'high', ask)
  })

  it('does not call low what it cannot read', () => {
    for (const ask of ['Привет, как дела?', '你好', 'Bonjour, peux-tu m’aider ?', 'สวัสดี']) {
      assert.notEqual(complexityOf(ask).level, 'low', ask)
    }
  })

  it('grows with length when nothing else changes, and stays within bounds', () => {
    let last = 0
    for (const count of [1, 4, 16, 64, 256, 1024]) {
      const { score } = complexityOf('lorem ipsum dolor '.repeat(count))
      assert.ok(score > last && score < 1)
      last = score
    }
  })
})
