import assert from "node:assert/strict";
import { test } from "node:test";

import { Pace } from "../pace.js";

function steady(perSecond, seconds) {
  const pace = new Pace();
  for (let tick = 0; tick <= seconds * 10; tick += 1) pace.sample((tick * perSecond) / 10, tick * 100);
  return pace;
}

test("a steady pace is told, and when the rest will be done", () => {
  const pace = steady(1_000_000, 3);
  assert.equal(pace.perSecond(), 1_000_000);
  assert.equal(pace.secondsLeft(13_000_000), 10);
  assert.equal(pace.secondsLeft(3_000_000), 0);
});

test("nothing is said of what has only begun or stands still", () => {
  const pace = new Pace();
  assert.equal(pace.perSecond(), null);
  pace.sample(0, 0);
  pace.sample(500, 100);
  assert.equal(pace.secondsLeft(1000), null);
  const standing = new Pace();
  for (let tick = 0; tick < 20; tick += 1) standing.sample(7, tick * 100);
  assert.equal(standing.perSecond(), null);
});

test("the last seconds count, not those before", () => {
  const pace = steady(1_000_000, 10);
  for (let tick = 1; tick <= 100; tick += 1) pace.sample(10_000_000 + tick * 10_000, 10_000 + tick * 100);
  assert.equal(pace.perSecond(), 100_000);
});

test("what was measured before work began anew is forgotten", () => {
  const pace = steady(1_000_000, 5);
  pace.sample(0, 5_100);
  assert.equal(pace.perSecond(), null);
  for (let tick = 1; tick <= 10; tick += 1) pace.sample(tick * 50, 5_100 + tick * 100);
  assert.equal(pace.perSecond(), 500);
});
