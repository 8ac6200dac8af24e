import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';

/** The first flight of a client that `dial` makes connect to `port`: everything up to the end of its ClientHello record. */
async function firstFlight(dial: (port: number) => Disposable): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    using _client = dial((server.address() as AddressInfo).port);
    const [socket] = await once(server, 'connection');
    let bytes = Buffer.alloc(0);
    while (bytes.length < 5 || bytes.length < 5 + bytes.readUInt16BE(3)) {
      const [chunk] = await once(socket, 'data');
      bytes = Buffer.concat([bytes, chunk]);
    }
    socket.destroy();
    return bytes;
  } finally {
    server.close();
  }
}

/** A ClientHello of node:tls. */
export function nodeHello(options: ConnectionOptions = {}): Promise<Buffer> {
  return firstFlight((port) => {
    const socket = connect({ port, host: '127.0.0.1', ...options });
    // The server that took the hello hangs up.
    socket.on('error', () => {});
    return { [Symbol.dispose]: () => socket.destroy() };
  });
}

/** A ClientHello of `openssl s_client`. */
export function opensslHello(args: readonly string[]): Promise<Buffer> {
  return firstFlight((port) => {
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    return { [Symbol.dispose]: () => child.kill('SIGKILL') };
  });
}

/** The handshake message of a capture of one record. */
export function messageOf(capture: Buffer): Buffer {
  return capture.subarray(5, 5 + capture.readUInt16BE(3));
}

/** `message` in records of at most `size` bytes. */
export function inRecords(message: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const fragment = message.subarray(at, at + size);
    const header = Buffer.from([22, 3, 1, 0, 0]);
    header.writeUInt16BE(fragment.length, 3);
    records.push(header, fragment);
  }
  return Buffer.concat(records);
}

const u16 = (n: number) => Buffer.from([n >> 8, n & 255]);
export const vector8 = (...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([body.length]), body]);
};
export const vector16 = (...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([u16(body.length), body]);
};
export const extension = (type: number, data: Buffer) => Buffer.concat([u16(type), vector16(data)]);
export const sni = (name: string | Buffer) =>
  extension(0, vector16(Buffer.concat([Buffer.from([0]), vector16(Buffer.from(name))])));

/** A handshake message with these extensions, made by hand. */
export function madeHello(...extensions: Buffer[]): Buffer {
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 7),
    vector8(Buffer.alloc(32, 9)),
    vector16(u16(0x1a1a), u16(0x1301), u16(0xc02f)),
    vector8(Buffer.from([0])),
    vector16(...extensions),
  ]);
  const header = Buffer.from([1, 0, 0, 0]);
  header.writeUIntBE(body.length, 1, 3);
  return Buffer.concat([header, body]);
}
