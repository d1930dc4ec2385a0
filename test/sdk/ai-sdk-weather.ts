/** What the tests of the AI SDK have in common: how they ask, and a tool that keeps what it was asked. */
import { tool, type Tool } from 'ai'
import { z } from 'zod'

export const COMMON = { maxRetries: 0, maxOutputTokens: 4096 } as const

Reflect.set(globalThis, 'AI_SDK_LOG_WARNINGS', false)

export function weatherTool(asked: object[]): Tool<{ city: string; days: number }, string> {
  return tool({
    description: 'Weather of a city',
    inputSchema: z.object({ city: z.string(), days: z.int() }),
    execute: (input) => {
      asked.push(input)
      return `rain in ${input.city}`
    },
  })
}
