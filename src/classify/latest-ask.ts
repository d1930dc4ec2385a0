/**
 * Finds what the human asked last. Agents put tool results, reminders and environment dumps into user turns;
 * none of that says what is being asked now.
 */
import type { ChatMessage } from '../wire/exchange.ts'

export interface Ask {
  readonly text: string
  /** The ask itself carries an image. */
  readonly hasImage: boolean
}

/** Tried at each `<` only. Blocks that harnesses inject into the user's turn (Claude Code, Codex, opencode, Continue). */
const HARNESS_TAG =
  /<(system-reminder|environment_context|user_instructions|environment_details|local-command-stdout|local-command-caveat|command-name|command-message|command-args|INSTRUCTIONS|turn_aborted|permissions instructions|collaboration_mode|skills_instructions|apps_instructions|plugins_instructions)\b[^>]{0,200}>/iy

/** Said of "go on" in any of the large languages: the ask before it is still the ask. */
const AFFIRMATION =
  /^(?:(?:yes|yep|yeah|yup|ok|okay|sure|please|continue|go|on|ahead|do|it|proceed|next|more|thanks|thank|you|great|good|perfect|fine|right|correct|sounds|looks|keep|going|try|again|retry|that|lgtm|ja|bitte|weiter|oui|vas-y|continuez|sí|si|sigue|continúa|sim|continua|да|давай|продолжай|好|好的|继续|是|はい|続けて|네|계속)(?:[\s,.!…。，、！]+|$)){1,6}$/i
const LONGEST_AFFIRMATION = 48

const NOTHING: Ask = { text: '', hasImage: false }

export function latestAsk(messages: readonly ChatMessage[]): Ask {
  let confirmed = NOTHING
  for (let i = messages.length - 1; i >= 0; i -= 1) {
    const message = messages[i]
    if (message?.role !== 'user' || message.toolCallId !== undefined) continue
    const ask = readAsk(message)
    if (ask.text === '' && !ask.hasImage) continue
    if (ask.hasImage || !isAffirmation(ask.text)) return ask
    if (confirmed === NOTHING) confirmed = ask
  }
  return confirmed
}

function readAsk(message: ChatMessage): Ask {
  let text = ''
  let hasImage = false
  for (const part of message.content) {
    if (part.type === 'image') hasImage = true
    else if (part.type === 'text') text += text === '' ? part.text : `\n${part.text}`
  }
  return { text: withoutHarness(text).trim(), hasImage }
}

function isAffirmation(text: string): boolean {
  return text.length <= LONGEST_AFFIRMATION && AFFIRMATION.test(text)
}

/** Cuts each known block from its opening tag to its closing one, or to the end when it was never closed. */
export function withoutHarness(text: string): string {
  let kept = ''
  let from = 0
  let at = text.indexOf('<')
  while (at !== -1) {
    HARNESS_TAG.lastIndex = at
    const name = HARNESS_TAG.exec(text)?.[1]
    if (name === undefined) {
      at = text.indexOf('<', at + 1)
      continue
    }
    kept += text.slice(from, at)
    const close = `</${name}>`
    const end = text.indexOf(close, HARNESS_TAG.lastIndex)
    from = end === -1 ? text.length : end + close.length
    at = text.indexOf('<', from)
  }
  return from === 0 ? text : kept + text.slice(from)
}
