/** What can be checked of the image and its documents without a container engine. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config.ts'
import { startRouter } from '../support/start-router.ts'
import { fences, readDocument, ROOT } from './markdown.ts'

const dockerfile = readDocument('Dockerfile')

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

describe('Dockerfile', () => {
  it('has the Node that the repository pins', () => {
    const { dependencies } = JSON.parse(read('runtime/package.json')) as { dependencies: { node: string } }
    assert.match(dockerfile, new RegExp(`^ARG NODE_IMAGE=node:${dependencies.node}-`, 'm'))
  })

  it('copies what exists and what .dockerignore lets in', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    )
    const letIn = read('.dockerignore').split('\n')
    assert.ok(copied.length > 5)
    for (const name of copied.map((path) => path.replace(/^\.\//, ''))) {
      assert.ok(existsSync(join(ROOT, name)), `${name} does not exist`)
      assert.ok(letIn.includes(`!${name}`), `.dockerignore keeps ${name} out`)
    }
  })

  it('has a health check that tells a router that serves from none', async () => {
    const instruction = /HEALTHCHECK[^[]*(\[.+\])/.exec(dockerfile)?.[1] ?? ''
    const [, ...args] = JSON.parse(instruction) as readonly string[]
    const router = await startRouter('backends: { d: { type: demo } }\nroutes: [{ default: d }]')
    const check = (port: string): Promise<number | null> => {
      const child = spawn(process.execPath, args, { env: { LLR_PORT: port }, stdio: 'ignore' })
      return new Promise((done) => void child.once('close', done))
    }
    try {
      assert.equal(await check(new URL(router.url).port), 0)
    } finally {
      await router.close()
    }
    assert.equal(await check(new URL(router.url).port), 1)
  })
})

describe('compose file', () => {
  interface Service {
    readonly volumes: readonly string[]
    readonly healthcheck?: object
  }
  const { services } = parse(read('deploy/compose.yaml')) as { services: Record<string, Service> }

  it('mounts what the image expects', () => {
    const [policy, records] = services['router']?.volumes ?? []
    assert.equal(policy, './policy.yaml:/app/policy.yaml:ro')
    assert.equal(records, 'records:/data')
    assert.match(dockerfile, /LLR_DB=\/data\//)
    assert.match(dockerfile, /^WORKDIR \/app$/m)
  })

  it('comes with a policy that loads without a warning and names its Ollama', () => {
    const config = parseConfig(read('deploy/policy.yaml'), 'deploy/policy.yaml')
    assert.deepEqual(config.warnings, [])
    assert.equal(new URL(config.connections['local']?.endpoint ?? '').hostname, 'ollama')
    assert.ok(Object.hasOwn(services, 'ollama'))
  })
})

describe('policies in documents', () => {
  for (const document of ['README.md', 'docs/deployment.md']) {
    it(`load: ${document}`, () => {
      const policies = fences(readDocument(document)).filter(
        ({ language, text }) => language === 'yaml' && text.includes('routes:'),
      )
      assert.ok(policies.length > 0)
      for (const { text, line } of policies) parseConfig(text, `${document}, line ${line}`)
    })
  }

  it('and the shell scripts among the examples parse', () => {
    const { status, stderr } = spawnSync('sh', ['-n', join(ROOT, 'examples/curl.sh')], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  })
})
