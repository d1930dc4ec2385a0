/** Every relative link of every document leads somewhere. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { anchors, linkTargets, readDocument, ROOT } from './markdown.ts'

const NOT_OURS = new Set(['node_modules', '.git', '.cache', 'dist'])

function documents(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : documents(path)
    return entry.name.endsWith('.md') ? [relative(ROOT, path)] : []
  })
}

function problemOf(document: string, target: string): string | null {
  if (/^[a-z]+:/.test(target)) return null
  const [path = '', anchor] = target.split('#', 2)
  const file = path === '' ? document : join(dirname(document), path)
  if (!existsSync(join(ROOT, file))) return `${document}: ${target} does not exist`
  if (anchor === undefined || statSync(join(ROOT, file)).isDirectory()) return null
  return anchors(readDocument(file)).includes(anchor) ? null : `${document}: ${target} has no such heading`
}

describe('documents', () => {
  it('link to what exists', () => {
    const all = documents(ROOT)
    assert.ok(all.includes('README.md'))
    const problems = all.flatMap((document) =>
      linkTargets(readDocument(document)).flatMap((target) => problemOf(document, target) ?? []),
    )
    assert.deepEqual(problems, [])
  })

  it('name decisions in one row of numbers', () => {
    const names = readdirSync(join(ROOT, 'docs/decisions')).toSorted()
    const numbers = names.map((name) => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1]))
    assert.deepEqual(
      numbers,
      names.map((_, index) => index + 1),
    )
  })
})
