/** The little of Markdown that the tests of the documents need. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export function readDocument(name: string): string {
  return readFileSync(`${ROOT}/${name}`, 'utf8')
}

export interface Fence {
  readonly language: string
  readonly text: string
  /** The HTML comment on the line above, without its marks. */
  readonly mark: string | null
  /** Line number of the opening fence. */
  readonly line: number
}

export function fences(markdown: string): readonly Fence[] {
  const found: Fence[] = []
  const lines = markdown.split('\n')
  let open: { readonly language: string; readonly line: number; readonly mark: string | null } | null = null
  let body: string[] = []
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('```')) {
      body.push(line)
    } else if (open === null) {
      const mark = /^<!-- (.+) -->$/.exec(lines[index - 1] ?? '')?.[1] ?? null
      open = { language: line.slice(3).trim(), line: index + 1, mark }
      body = []
    } else {
      found.push({ ...open, text: body.join('\n') })
      open = null
    }
  }
  return found
}

/** Targets of links and images outside of code. */
export function linkTargets(markdown: string): readonly string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`(?!\])/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
}

/** As hosting platforms make anchors of headings. */
export function anchors(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}
