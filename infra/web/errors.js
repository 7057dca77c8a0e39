// What can go wrong, in kinds that somebody tells apart.

// The API said no: RFC 9457 problem+json, or what stood in front of the API said.
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `the server answered ${status}`);
    this.status = status;
    this.code = body.code ?? "";
    this.faults = body.errors ?? [];
    this.requestId = body.request_id ?? null;
    this.retryAfter = retryAfter;
  }
}

// No answer came: no connection, or it broke off.
export class Unreachable extends Error {}

// The storage refused a body; `status` is its own.
export class StorageRefusal extends Error {
  constructor(status, code) {
    super(`the storage answered ${status} ${code}`.trim());
    this.status = status;
    this.code = code;
  }
}

// The file cannot be read any more, or is not the one that was announced.
export class FileTrouble extends Error {}

// The user took it back.
export class Cancelled extends Error {}

// The user holds it.
export class Paused extends Error {}

// Nobody looks on any more.
export class Left extends Error {}

// The longest pause a server can ask for that is waited out in silence, in seconds.
const PATIENCE_SECONDS = 120;

// Whether the same thing may go well in a moment without anybody's doing.
export function willPass(error) {
  if (error instanceof Unreachable) return true;
  const busy = [429, 500, 502, 503, 504].includes(error.status);
  return busy && (error.retryAfter ?? 0) <= PATIENCE_SECONDS;
}
