import { modelsOf } from '../src/decide/model.ts'
import { missingModels } from '../src/dispatch/fleet.ts'
import { healthOf } from '../src/health.ts'
import { systemClock } from '../src/clock.ts'
import type { RouterServer } from '../src/server.ts'
import { VERSION } from '../src/version.ts'
import { COMMAND } from './command-name.ts'

export interface BannerOptions {
  readonly server: RouterServer
  readonly isBuiltin: boolean
  readonly policyPath: string
}

/** What a person reads after the start: where, which policy, which backends in what state, and what to paste. */
export function banner({ server, isBuiltin, policyPath }: BannerOptions): string {
  const snapshot = server.snapshot()
  const { config } = snapshot
  const lines = [
    `local-llm-router ${VERSION} listens on ${server.url}`,
    '',
    isBuiltin
      ? `Policy    built-in default, because there is no ${policyPath} (write one: ${COMMAND} init)`
      : `Policy    ${config.source.path ?? config.source.label}, ${config.policy.routes.length} ${config.policy.routes.length === 1 ? 'route' : 'routes'}`,
    ...clientLines(config.clients),
    ...backendLines(server),
  ]
  for (const warning of config.warnings) lines.push(`Warning   ${warning}`)
  if (Object.values(config.connections).every((connection) => connection.type === 'demo')) {
    const why = isBuiltin ? 'no Ollama and no key was found' : 'the policy has no other backend'
    lines.push(`Note      ${why}: answers come from the embedded demonstration backend`)
  }
  const needsKey = Object.keys(config.clients).length > 0
  lines.push(
    '',
    'Try it:',
    `  curl ${reachable(server.url)}/v1/chat/completions -H 'content-type: application/json' \\`,
    ...(needsKey ? ["    -H 'authorization: Bearer llr_…' \\"] : []),
    `    -d '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}'`,
    '',
  )
  return `${lines.join('\n')}\n`
}

/** An address that binds every interface is not one to call everywhere. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}

function clientLines(clients: Readonly<Record<string, unknown>>): readonly string[] {
  const names = Object.keys(clients)
  return names.length === 0 ? [] : [`Clients   ${names.join(', ')}; each request needs the key of one`]
}

function backendLines(server: RouterServer): readonly string[] {
  const snapshot = server.snapshot()
  const nowEpochMs = systemClock.epochMs()
  const { backends } = healthOf({
    guards: null,
    snapshot,
    clock: systemClock,
    version: VERSION,
    startedAtMs: 0,
    loadedAtEpochMs: nowEpochMs,
    reloadError: null,
  })
  const width = Math.max(...Object.keys(backends).map((name) => name.length))
  return Object.entries(backends).flatMap(([name, health], i) => {
    const policyBackend = snapshot.config.policy.backends[name]
    const models = policyBackend === undefined ? [] : modelsOf(policyBackend)
    const state = health.state === 'unprobed' ? 'hosted' : health.state
    const place = health.local ? 'proven local' : health.state === 'unprobed' ? '' : 'not proven local'
    const embeddings = policyBackend?.embeddings ?? null
    const embeds = embeddings === null ? '' : `embeds: ${embeddings}`
    const facts = [health.type, state, place, health.note ?? '', models.join(', '), embeds].filter(
      (fact) => fact !== '',
    )
    const label = i === 0 ? 'Backends' : ''
    const wanted = embeddings === null ? models : [...models, embeddings]
    const missing = missingModels(snapshot.fleet, name, [...new Set(wanted)])
    return [
      `${label.padEnd(10)}${name.padEnd(width)}  ${facts.join(' · ')}`,
      ...missing.map((model) => `Warning   ${name} does not have ${model}: ollama pull ${model}`),
    ]
  })
}
