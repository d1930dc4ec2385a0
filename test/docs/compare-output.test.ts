import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { firstDifference } from './compare-output.ts'

const OUTPUT = 'HTTP/1.1 200 OK\r\nx-llr-backend: local\r\ndate: Sunday\r\n\r\n{"id":"a+b","n":1}\n'

describe('comparing what a document shows with what a command prints', () => {
  it('takes the same for the same, blanks and blank lines aside', () => {
    assert.equal(
      firstDifference('HTTP/1.1 200 OK\nx-llr-backend: local\ndate: Sunday\n{"id":"a+b","n":1}', OUTPUT),
      null,
    )
  })

  it('leaves out what stands for anything', () => {
    assert.equal(firstDifference('HTTP/1.1 200 OK\n…\n{"id":"a+b",…', OUTPUT), null)
    assert.equal(firstDifference('HTTP/1.1 …\nx-llr-backend: local\n…', OUTPUT), null)
  })

  it('tells a line that is another', () => {
    assert.match(firstDifference('HTTP/1.1 503 …\n…', OUTPUT) ?? '', /^shown: HTTP\/1.1 503/)
    assert.match(firstDifference('…\n{"id":"aab","n":1}', OUTPUT) ?? '', /^shown: \{"id":"aab"/)
  })

  it('tells a line that is missing, on either side', () => {
    assert.match(firstDifference('HTTP/1.1 200 OK\ndate: Sunday\n…', OUTPUT) ?? '', /found: x-llr-backend/)
    assert.match(firstDifference('HTTP/1.1 200 OK', OUTPUT) ?? '', /^not shown: x-llr-backend/)
    assert.match(firstDifference(`${OUTPUT}more`, OUTPUT) ?? '', /found: nothing/)
  })

  it('keeps the order', () => {
    assert.notEqual(firstDifference('…\ndate: Sunday\n…\nx-llr-backend: local\n…', OUTPUT), null)
  })
})
