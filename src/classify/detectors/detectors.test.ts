import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  glue,
  AWS_KEY,
  CARD,
  EMAIL,
  GITHUB_KEY,
  IBAN,
  kindsIn,
  kindsInText,
  PHONE,
  scrambled,
  SSN,
} from '../samples.test.ts'

function assertKind(text: string, kind: string): void {
  assert.ok(
    kindsInText(text).includes(kind),
    `expected ${kind}, found [${kindsInText(text).join()}] in: ${text}`,
  )
}

function assertClean(text: string): void {
  assert.deepEqual(kindsInText(text), [], text)
}

describe('formal identifiers', () => {
  it('are found as people write them', () => {
    assertKind(`Is ${CARD} a valid card?`, 'credit_card')
    assertKind(`pay with ${CARD.replaceAll(' ', '')}.`, 'credit_card')
    assertKind(`pay with ${CARD.replaceAll(' ', '-')}.`, 'credit_card')
    assertKind(`her ssn: ${SSN}`, 'us_ssn')
    assertKind(`social security number ${SSN.replaceAll('-', '')}`, 'us_ssn')
    assertKind(`social ${SSN.replaceAll('-', ' ')}`, 'us_ssn')
    assertKind(`wire it to ${IBAN}`, 'iban')
    assertKind(`wire it to ${IBAN.replaceAll(' ', '').toLowerCase()}`, 'iban')
    assertKind(`write to ${EMAIL} today`, 'email')
    assertKind(`ring ${PHONE}`, 'phone')
    assertKind('my mobile is 07700 412 883', 'phone')
    assertKind('(212) 867-1290', 'phone')
    assertKind('passport no. K4471902', 'passport')
    assertKind("driver's license D8834410", 'driver_license')
    assertKind('MRN: 7731204', 'medical_record')
    assertKind('NI number JG 10 37 59 A'.replace('JG 10', 'JG10'), 'uk_nino')
    assertKind('account 48812399021 routing 121000358', 'bank_account')
    assertKind('DOB 04/11/1988', 'dob')
    assertKind('Ada Brook, born 3 May 1991', 'dob')
    assertKind('she lives at 48 Orchard Lane', 'street_address')
    assertKind('logged in from 81.47.19.203', 'ip_address')
  })

  it('are not seen where a check digit or a rule speaks against them', () => {
    assertClean('The order 4539578763621487 has shipped.')
    assertClean('part 000-12-3456 and 666-12-3456 and 912-12-3456')
    assertClean('IBAN-like DE88 3704 0044 0532 0130 00 is wrong')
    assertClean('commit 9f31c2d7a84b5e60913c77d20f4a8be6123d5f90 broke it')
    assertClean('id 3f2c1a88-9d1e-4b6a-8f00-1234567890ab')
    assertClean('between 1990 and 2024 it grew from 1,204,553,112 to 3,500,100')
    assertClean('nginx listens on 192.168.4.20:8080')
    assertClean('numpy 1.26.4 needs python 3.12')
    assertClean('write to jane.doe@example.com')
    assertClean('git clone git@github.com:someone/thing.git')
    assertClean('call 555-0142 in the film')
    assertClean('The treaty of 28 December 1999 was signed at 10:45.')
    assertClean('What do I do when my passport is stolen?')
  })

  it('are found in numbers and under telling keys', () => {
    const card = Number(CARD.replaceAll(' ', ''))
    assert.deepEqual(kindsIn({ metadata: { card } }), ['credit_card'])
    assert.deepEqual(kindsIn({ metadata: { ssn: SSN.replaceAll('-', '') } }), ['us_ssn'])
    assert.deepEqual(kindsIn({ seed: 1_234_567, max_tokens: 4096 }), [])
  })

  it('are found behind full-width digits and zero-width characters', () => {
    const wide = SSN.replaceAll(/\d/g, (digit) => String.fromCharCode(0xff_10 + Number(digit)))
    assertKind(`it is ${wide}`, 'us_ssn')
    assertKind(`it is ${SSN.slice(0, 5)}\u200b${SSN.slice(5)}`, 'us_ssn')
  })
})

describe('secrets', () => {
  it('are known by their vendor', () => {
    const keys = [
      AWS_KEY,
      GITHUB_KEY,
      glue('sk', '-', 'proj-', scrambled(48)),
      glue('sk', '-', 'ant-api03-', scrambled(90), 'AA'),
      glue('glpat', '-', scrambled(20)),
      glue('xoxb', '-', '2938475610293-', scrambled(24)),
      `AIza${scrambled(35)}`,
      glue('sk', '_', 'live_', scrambled(24)),
      glue('SG', '.', scrambled(22), '.', scrambled(43)),
      glue('npm', '_', scrambled(36)),
      glue('SK', '0a1b2c3d4e5f60718293a4b5c6d7e8f9'),
      glue('hf', '_', 'abQcdZefRghTijUklVmnWopXqrYstKuvLw'),
      glue('eyJhbGciOiJIUzI1NiJ9', '.', 'eyJzdWIiOiJtYXJ0YSIsImlhdCI6MX0', '.', scrambled(43)),
    ]
    for (const key of keys) {
      assertKind(`export THE_VALUE=${key}`, 'secret')
      assertKind(`what is wrong with "${key}"?`, 'secret')
    }
  })

  it('are known by the name they are given', () => {
    assertKind(`client_secret = "${scrambled(32)}"`, 'secret')
    assertKind(`{"api_key": "${scrambled(32)}"}`, 'secret')
    assertKind('password = hunter2!x', 'password')
    assertKind('my password is Winter!2931', 'password')
    assertKind(`postgres://app:${scrambled(12)}@db.internal:5432/app`, 'connection_string')
    assertKind(glue('-----BEGIN ', 'RSA PRIVATE KEY', '-----\nMIIEow'), 'private_key')
  })

  it('are not seen in what only looks like them', () => {
    assertClean('export OPENAI_API_KEY=sk-... is what the docs say')
    assertClean('API_KEY=your_api_key_here')
    assertClean('const apiKey = process.env.API_KEY; is this secure?')
    assertClean("password = input('Enter password: ')")
    assertClean('postgres://user:password@localhost/db')
    assertClean(glue('ghp', '_', 'x'.repeat(36)))
    assertClean('How do I reset my password?')
    assertClean('-----BEGIN CERTIFICATE-----')
  })
})

describe('numbers next to numbers', () => {
  it('are told apart', () => {
    assertKind(`item 12 ${CARD}`, 'credit_card')
    assertKind(`${CARD} 123`, 'credit_card')
    assertKind(`${CARD} 09/27`, 'credit_card')
    assertKind(`row 7 ${SSN} 2024`, 'us_ssn')
    assertKind(CARD.replaceAll(' ', '').split('').join(' '), 'credit_card')
    assertKind(`1 2 3 ${CARD.replaceAll(' ', '')} 4 5 6`, 'credit_card')
  })
})
