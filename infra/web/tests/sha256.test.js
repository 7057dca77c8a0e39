import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { Sha256 } from "../sha256.js";

// Bytes that are the same in every run.
function noise(length) {
  let state = length + 1;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16);
}

test("every length around a block is hashed as node:crypto does, however it is cut", () => {
  for (let length = 0; length <= 260; length += 1) {
    const bytes = noise(length);
    const expected = createHash("sha256").update(bytes).digest("hex");
    for (const piece of [1, 7, 63, 64, 65, 300]) {
      const hash = new Sha256();
      for (let from = 0; from < length; from += piece) hash.update(bytes.subarray(from, from + piece));
      assert.equal(hash.hex(), expected, `${length} bytes in pieces of ${piece}`);
    }
  }
});

test("a million times the letter a is the example of FIPS 180-2", () => {
  const hash = new Sha256();
  const piece = new Uint8Array(1000).fill(0x61);
  for (let i = 0; i < 1000; i += 1) hash.update(piece);
  assert.equal(hash.hex(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
});
