/** A prompt that is to be continued → Ollama's `/api/generate`. */
import type { EncodedRequest } from '../codec.ts'
import { droppedOf } from '../dropped.ts'
import type { ChatRequest } from '../exchange.ts'
import { unsupported } from '../fields.ts'
import { encodeSettings } from './settings-out.ts'

export function encodeGenerateRequest(request: ChatRequest, model: string): EncodedRequest {
  const { completion } = request
  if (completion === undefined) throw unsupported('messages', 'this only continues a prompt.')
  const { prompt, suffix } = completion
  const body = {
    model,
    prompt,
    suffix,
    // The model's template stays out of it; but the gap before a suffix is the template's business.
    raw: suffix === undefined || suffix === '' ? true : undefined,
    ...encodeSettings(request),
  }
  return { body, dropped: droppedOf(request, ['tools', 'toolChoice', 'parallelToolCalls']) }
}
