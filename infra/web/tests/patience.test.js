import assert from "node:assert/strict";
import { test } from "node:test";

import { Problem, Unreachable } from "../errors.js";
import { Gate, Lanes, pause, pauseAfter, persist, unlessAborted } from "../patience.js";

const never = new AbortController().signal;

test("pauses grow up to half a minute, and the server's own word counts before", () => {
  const away = new Unreachable("x");
  assert.deepEqual([0, 1, 2, 20].map((attempt) => pauseAfter(away, attempt)), [500, 1000, 2000, 30_000]);
  assert.equal(pauseAfter(new Problem(429, {}, 7), 0), 7000);
});

test("what passes is done again, and each trouble is told", async () => {
  const told = [];
  let attempt = 0;
  const step = async () => {
    attempt += 1;
    if (attempt === 1) throw new Problem(503, { code: "busy" }, null);
    return "answer";
  };
  const answer = await persist(step, { signal: never, onTrouble: (trouble) => told.push(trouble?.code ?? null) });
  assert.deepEqual([answer, attempt, told], ["answer", 2, ["busy", null]]);
});

test("what does not pass is not done again, nor what passes too late", async () => {
  for (const error of [new Problem(404, {}, null), new Problem(429, {}, 3600), new TypeError("bug")]) {
    let attempts = 0;
    const step = async () => {
      attempts += 1;
      throw error;
    };
    await assert.rejects(persist(step, { signal: never }), error);
    assert.equal(attempts, 1);
  }
});

test("a pause ends with what it waits for, and at once when all is called off", async () => {
  const life = new AbortController();
  const paused = pause(60_000, life.signal);
  life.abort(new Error("called off"));
  await assert.rejects(paused, /called off/);
  await assert.rejects(pause(60_000, life.signal), /called off/);
  await pause(1, never);
});

test("a closed gate lets nobody through until it opens", async () => {
  const gate = new Gate();
  await gate.opened(never);
  gate.close();
  let through = false;
  const passing = gate.opened(never).then(() => (through = true));
  await pause(5, never);
  assert.deepEqual([gate.closed, through], [true, false]);
  gate.open();
  await passing;
  assert.deepEqual([gate.closed, through], [false, true]);
});

test("who waits at a gate leaves when all is called off", async () => {
  const gate = new Gate();
  gate.close();
  const life = new AbortController();
  const passing = gate.opened(life.signal);
  life.abort(new Error("called off"));
  await assert.rejects(passing, /called off/);
  await assert.rejects(unlessAborted(Promise.resolve(1), life.signal), /called off/);
});

test("so many go at once, and the others in their order", async () => {
  const lanes = new Lanes(2);
  const entered = [];
  const enter = (name, signal = never) => lanes.enter(signal).then(() => entered.push(name));
  await Promise.all([enter("a"), enter("b")]);
  const life = new AbortController();
  const gone = enter("c", life.signal);
  const last = enter("d");
  life.abort(new Error("called off"));
  await assert.rejects(gone, /called off/);
  lanes.leave();
  await last;
  assert.deepEqual(entered, ["a", "b", "d"]);
});
