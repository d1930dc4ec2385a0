import type { Accepted } from './accept/accepted.ts'
import type { Classification } from './classify/classification.ts'
import type { ResponseStore } from './record/response-store.ts'
import { turnOf } from './wire/responses/stored-answers.ts'

/** Responses clients may go on from an answer by its id, unless they asked not to have it kept. */
export function keepTurn(
  turns: ResponseStore,
  accepted: Accepted,
  { sensitivity }: Classification,
  answer: string | null,
): void {
  if (accepted.newItems === null || answer === null || accepted.body['store'] === false) return
  const previousId = accepted.body['previous_response_id']
  const turn = turnOf(answer, accepted.newItems(), {
    // Whatever the policy lets such a request do: what was private once stays so.
    sensitive: sensitivity === 'high',
    previousId: typeof previousId === 'string' ? previousId : null,
  })
  if (turn === null) return
  // A backend may use an id twice (Ollama's are short): then it must lead to neither conversation.
  void turns.response(turn.id).then((known) => {
    if (known === null) turns.remember(turn)
    else void turns.forget(turn.id)
  })
}
