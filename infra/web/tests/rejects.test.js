import assert from "node:assert/strict";
import { test } from "node:test";

import { parse } from "../rejects.js";

const HEADER = "Date,Note,_line,_code,_message\r\n";

test("line and reason are read, whatever stands in the file's own columns", () => {
  const text = `${HEADER}yesterday,"a ""quoted"", long\nnote",3,malformed_date,"line 3, column ""Date"": is not a time"\r\n,,9,missing,line 9: nothing moves\r\n`;
  assert.deepEqual(parse(text, 20), [
    { line: "3", message: 'Column "Date": is not a time' },
    { line: "9", message: "Nothing moves" },
  ]);
});

test("no more rows are read than are shown, and one without an end is read", () => {
  const rows = Array.from({ length: 30 }, (_, row) => `x,,${row + 2},code,reason`).join("\n");
  assert.equal(parse(HEADER + rows, 20).length, 20);
  assert.equal(parse(HEADER + rows, 40).at(-1).line, "31");
});

test("a text that is no rejects file, or a cut record, gives no rows", () => {
  assert.deepEqual(parse("", 20), []);
  assert.deepEqual(parse("a,b\n1,2\n", 20), []);
  assert.deepEqual(parse(`${HEADER}only,two\n`, 20), []);
});
