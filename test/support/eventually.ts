/** For facts that nobody announces (a gauge, a file another process writes): asks again until it holds. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 3_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `not within ${withinMs} ms: ${what}`)
    await pause(5)
  }
}
