import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AWS_KEY, CARD, EMAIL, GITHUB_KEY, IBAN, kindsInText, scrambled } from '../samples.test.ts'

const DIGITS = CARD.replaceAll(' ', '')

describe('other ways of writing', () => {
  const zero = (point: number): string =>
    DIGITS.replaceAll(/\d/g, (digit) => String.fromCodePoint(point + Number(digit)))
  it('digits of other scripts and invisible characters', () => {
    for (const point of [0x06_60, 0x06_f0, 0x09_66, 0x0e_50, 0x10_40, 0x1_e9_50])
      assert.deepEqual(kindsInText(zero(point)), ['credit_card'])
    for (const mark of ['\u034f', '\ufe0f', '\u3164', '\u{e0101}', '\u00ad']) {
      assert.deepEqual(kindsInText(DIGITS.split('').join(mark)), ['credit_card'])
    }
  })
  it('at signs that are spelled out, and domains in any script', () => {
    for (const at of ['%40', '&#64;', '&#x40;', '&commat;'])
      assert.deepEqual(kindsInText(EMAIL.replace('@', at)), ['email'])
    for (const address of [
      'jörg@müller-bau.de',
      'ivan@пример.рф',
      'x@xn--mller-kva.de',
      'a@xn--e1afmkfd.xn--p1ai',
    ])
      assert.deepEqual(kindsInText(`to ${address} today`), ['email'])
  })
  it('cards in groups of any kind, and glued to a word', () => {
    for (const sign of ['\t', '\n', '\r\n', '.', '/', '_', '·', ' - '])
      assert.deepEqual(kindsInText(`pay ${CARD.replaceAll(' ', sign)} now`), ['credit_card'], sign)
    for (const before of ['card', 'x', 'card_', 'pan:', 'nº']) {
      assert.deepEqual(kindsInText(before + DIGITS), ['credit_card'])
      assert.deepEqual(kindsInText(before + CARD), ['credit_card'])
    }
    assert.deepEqual(kindsInText(`1990\n${CARD.replaceAll(' ', '\n')}\n2024`), [])
  })
  it('telephone numbers as people group them', () => {
    for (const phone of [
      '+49 170 4417823',
      '+49-170-4417823',
      '+49 30 44178231',
      '+49 (0)170 4417823',
      '+49 1704417823',
      '+1 415 2739164',
      'mobile 0170 4417823',
    ])
      assert.deepEqual(kindsInText(`I am at ${phone}.`), ['phone'], phone)
  })
  it('but not sums, lists and columns', () => {
    for (const text of [
      '+3 10000000 points',
      '1200\n1300\n1400\n1500',
      'x = "\\n" + y',
      'const a = "\\t1200"',
    ])
      assert.deepEqual(kindsInText(text), [], text)
  })
  it('keys behind a prefix', () => {
    for (const before of ['x_', 'my-', 'key.', 'a_b-c.'])
      for (const key of [AWS_KEY, GITHUB_KEY]) assert.deepEqual(kindsInText(before + key), ['secret'])
    assert.deepEqual(kindsInText(`iban${IBAN.replaceAll(' ', '')}`), ['iban'])
    assert.deepEqual(kindsInText(`IBAN_${IBAN.replaceAll(' ', '')}`), ['iban'])
    assert.deepEqual(kindsInText(`a_${scrambled(12)}_b`), [])
  })
})
