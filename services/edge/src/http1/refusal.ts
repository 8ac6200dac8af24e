import { STATUS_CODES } from 'node:http';

/** A whole response in Kong's shape that closes its connection, for what never became a request. */
export function plainMessage(status: number, text: string): string {
  const body = JSON.stringify({ message: text });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'server: sallyport',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
