// Files as exchanges write them, in the universal template.

const HEADER = "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash";

// A file of deposits of `asset`, unlike that of any other asset.
export function deposits(asset, rows) {
  const lines = Array.from({ length: rows }, (_, row) => {
    const minute = new Date(Date.UTC(2023, 0, 1) + row * 60_000).toISOString().slice(0, 19).replace("T", " ");
    return `${minute},,,${row + 1}.5,${asset},,,10,USD,,row ${row},`;
  });
  return `${[HEADER, ...lines].join("\n")}\n`;
}

// Three deposits, of which the one on line 3 has no date.
export function withBadRow(asset) {
  const lines = deposits(asset, 3).trimEnd().split("\n");
  lines[2] = lines[2].replace(/^[^,]*/, "yesterday");
  return `${lines.join("\n")}\n`;
}

// A file of so many bytes in few rows, each with a long note.
export function large(asset, bytes) {
  const lines = deposits(asset, Math.ceil(bytes / 60_000)).trimEnd().split("\n");
  const note = "n".repeat(59_950);
  return `${lines.map((line, row) => (row === 0 ? line : line.replace(/row \d+/, (found) => `${found} ${note}`))).join("\n")}\n`;
}
