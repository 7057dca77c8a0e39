import assert from "node:assert/strict";
import { test } from "node:test";

import { onRefused, refused, takeFromAddress, token } from "../session.js";

// What a browser's tab has of it, at an address.
function tab(hash, kept = {}) {
  const storage = new Map(Object.entries(kept));
  const shown = [];
  return {
    location: { hash, pathname: "/", search: "?a=b" },
    history: { replaceState: (_state, _title, url) => shown.push(url) },
    sessionStorage: { getItem: (name) => storage.get(name) ?? null, setItem: (name, value) => storage.set(name, value) },
    shown,
  };
}

test("a token is taken out of the address and kept", () => {
  const opened = tab("#token=a.b-c_d.e");
  assert.equal(takeFromAddress(opened), true);
  assert.equal(token(opened), "a.b-c_d.e");
  assert.deepEqual(opened.shown, ["/?a=b"]);
});

test("an address without a token changes nothing", () => {
  for (const hash of ["", "#", "#token=", "#cards-title"]) {
    const opened = tab(hash);
    assert.equal(takeFromAddress(opened), false);
    assert.equal(token(opened), null);
    assert.deepEqual(opened.shown, []);
  }
});

test("a newer token takes the place of the one before", () => {
  const opened = tab("#token=old");
  takeFromAddress(opened);
  opened.location.hash = "#token=new";
  takeFromAddress(opened);
  assert.equal(token(opened), "new");
});

test("who listens is told that the API does not take the token", () => {
  let told = 0;
  onRefused(() => (told += 1));
  refused();
  assert.equal(told, 1);
});
