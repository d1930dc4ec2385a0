/** Where a JSON object that comes in pieces ends, each character looked at once. */
export class ObjectExtent {
  #depth = 0
  #inString = false
  #escaped = false
  /** Undefined until the first visible character. */
  #isObject: boolean | undefined

  /** What comes is no object, whatever follows. */
  get isOther(): boolean {
    return this.#isObject === false
  }

  get isBegun(): boolean {
    return this.#isObject === true
  }

  get isWhole(): boolean {
    return this.#isObject === true && this.#depth === 0
  }

  /** What of `text` is not behind the end. */
  add(text: string): string {
    for (let at = 0; at < text.length; at++) {
      if (this.isWhole) return text.slice(0, at)
      const character = text[at] ?? ''
      if (this.#isObject === undefined && character.trim() !== '') this.#isObject = character === '{'
      if (this.#isObject === false) return text
      if (this.#isObject === true) this.#step(character)
    }
    return text
  }

  #step(character: string): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (character === '\\') this.#escaped = true
      else if (character === '"') this.#inString = false
    } else if (character === '"') this.#inString = true
    else if (character === '{' || character === '[') this.#depth++
    else if (character === '}' || character === ']') this.#depth--
  }
}
