// SHA-256 (FIPS 180-4) of bytes that come piece by piece: WebCrypto hashes only what is whole in memory.

const ROUNDS = Int32Array.from({ length: 64 }, (_, place) => fraction(Math.cbrt(prime(place))));
const START = Int32Array.from({ length: 8 }, (_, place) => fraction(Math.sqrt(prime(place))));
const BLOCK_BYTES = 64;

// The constants of the standard are the first 32 bits behind the point of roots of primes.
function fraction(root) {
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}

function prime(place) {
  let number = 1;
  for (let found = -1; found < place; ) {
    number += 1;
    let divisor = 2;
    while (divisor * divisor <= number && number % divisor !== 0) divisor += 1;
    if (divisor * divisor > number) found += 1;
  }
  return number;
}

export class Sha256 {
  #state = START.slice();
  #words = new Int32Array(64);
  #held = new Uint8Array(BLOCK_BYTES);
  #heldBytes = 0;
  #bytes = 0;

  // Takes the next bytes.
  update(bytes) {
    this.#bytes += bytes.length;
    let from = 0;
    if (this.#heldBytes > 0) {
      from = Math.min(BLOCK_BYTES - this.#heldBytes, bytes.length);
      this.#held.set(bytes.subarray(0, from), this.#heldBytes);
      this.#heldBytes += from;
      if (this.#heldBytes < BLOCK_BYTES) return this;
      this.#block(this.#held, 0);
      this.#heldBytes = 0;
    }
    for (; from + BLOCK_BYTES <= bytes.length; from += BLOCK_BYTES) this.#block(bytes, from);
    this.#held.set(bytes.subarray(from));
    this.#heldBytes = bytes.length - from;
    return this;
  }

  // The digest of all bytes that came, in hex; nothing can be taken behind it.
  hex() {
    const bits = BigInt(this.#bytes) * 8n;
    const padding = new Uint8Array(((119 - (this.#bytes % BLOCK_BYTES)) % BLOCK_BYTES) + 9);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits);
    this.update(padding);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #block(bytes, from) {
    const words = this.#words;
    for (let i = 0; i < 16; i += 1, from += 4) {
      words[i] = (bytes[from] << 24) | (bytes[from + 1] << 16) | (bytes[from + 2] << 8) | bytes[from + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const near = words[i - 2];
      const far = words[i - 15];
      const nearMix = ((near >>> 17) | (near << 15)) ^ ((near >>> 19) | (near << 13)) ^ (near >>> 10);
      const farMix = ((far >>> 7) | (far << 25)) ^ ((far >>> 18) | (far << 14)) ^ (far >>> 3);
      words[i] = (words[i - 16] + farMix + words[i - 7] + nearMix) | 0;
    }
    const state = this.#state;
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let h = state[7];
    for (let i = 0; i < 64; i += 1) {
      const turnedE = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const turnedA = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const one = (h + turnedE + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
      const two = (turnedA + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}
