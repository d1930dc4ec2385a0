/** The four protocols of the bench: a driver that asks, and a server that is played. */
import { askChat } from './chat-client.ts'
import { chatServer } from './chat-server.ts'
import { askMessages } from './messages-client.ts'
import { messagesServer } from './messages-server.ts'
import type { Answered, Ask } from './neutral.ts'
import { askOllama } from './ollama-client.ts'
import { ollamaServer } from './ollama-server.ts'
import type { PlayedServer } from './played-server.ts'
import { askResponses } from './responses-client.ts'
import { responsesServer } from './responses-server.ts'

export type ProtocolName = 'chat' | 'responses' | 'messages' | 'ollama'

export interface Protocol {
  readonly name: ProtocolName
  readonly ask: (origin: string, ask: Ask) => Promise<Answered>
  readonly server: PlayedServer
  /** What requests of this protocol can say beside the conversation and its tools. */
  readonly hasStop: boolean
  /**
   * What becomes of earlier thinking on its way to a backend: it goes along, only with the seal that its provider put
   * on it, or only from a client of the same protocol (there are chat servers that refuse a request with it).
   */
  readonly takesThinking: 'always' | 'sealed' | 'own'
  readonly tellsCached: boolean
  readonly tellsReasoningTokens: boolean
}

export const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = {
  chat: {
    name: 'chat',
    ask: askChat,
    server: chatServer,
    hasStop: true,
    takesThinking: 'own',
    tellsCached: true,
    tellsReasoningTokens: true,
  },
  responses: {
    name: 'responses',
    ask: askResponses,
    server: responsesServer,
    hasStop: false,
    takesThinking: 'sealed',
    tellsCached: true,
    tellsReasoningTokens: true,
  },
  messages: {
    name: 'messages',
    ask: askMessages,
    server: messagesServer,
    hasStop: true,
    takesThinking: 'sealed',
    tellsCached: true,
    tellsReasoningTokens: false,
  },
  ollama: {
    name: 'ollama',
    ask: askOllama,
    server: ollamaServer,
    hasStop: true,
    takesThinking: 'always',
    tellsCached: false,
    tellsReasoningTokens: false,
  },
}
