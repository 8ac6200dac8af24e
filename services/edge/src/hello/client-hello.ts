import { Cursor, Malformed, uint16s } from './cursor.ts';
import { serverName } from './server-name.ts';

/** What a ClientHello says (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2), GREASE values (RFC 8701) left out. */
export interface ClientHello {
  /** SNI in lower case without a final dot; undefined when there is none or it is an IP address. */
  readonly serverName: string | undefined;
  /** Protocols offered by ALPN in the client's order, bytes as Latin-1; empty without the extension. */
  readonly alpn: readonly string[];
  /** Versions offered, the client's order, as on the wire: 0x0304 is TLS 1.3. */
  readonly versions: readonly number[];
  readonly cipherSuites: readonly number[];
  readonly signatureSchemes: readonly number[];
  /** Named groups it supports. */
  readonly groups: readonly number[];
  /** Named groups it sent a key share for. */
  readonly keyShares: readonly number[];
  /** Whether it offers a pre-shared key, which is how TLS 1.3 resumes. */
  readonly psk: boolean;
  /**
   * The first 16 bytes, hexadecimal, of the ticket it offers (TLS 1.2 or the first of 1.3): the name of the key that OpenSSL
   * sealed it with, if it is one of ours.
   */
  readonly ticketKeyName: string | undefined;
  readonly earlyData: boolean;
  readonly statusRequest: boolean;
  /** `outer`: Encrypted Client Hello or its GREASE; the name is the public one. */
  readonly ech: 'outer' | 'inner' | undefined;
}

/** Why the message can't be used, though it is a ClientHello. */
export type ParseRefusal = 'malformed' | 'bad-server-name';

type Fields = { -readonly [Key in keyof ClientHello]: ClientHello[Key] };

const KEY_NAME_BYTES = 16;

/** `body`: the handshake message without its four bytes of type and length. Doesn't throw. */
export function parseClientHello(body: Buffer): ClientHello | ParseRefusal {
  try {
    return parse(new Cursor(body));
  } catch (error) {
    if (error instanceof Malformed) return 'malformed';
    if (error instanceof BadServerName) return 'bad-server-name';
    throw error;
  }
}

class BadServerName extends Error {}

function parse(message: Cursor): ClientHello {
  const legacyVersion = message.uint16();
  if (legacyVersion >> 8 !== 3) throw new Malformed();
  message.take(32);
  if (message.vector8().length > 32) throw new Malformed();
  const cipherSuites = uint16s(message.vector16(2)).filter(meaningful);
  if (!message.vector8(1).includes(0)) throw new Malformed();
  const hello: Fields = {
    serverName: undefined,
    alpn: [],
    versions: [legacyVersion],
    cipherSuites,
    signatureSchemes: [],
    groups: [],
    keyShares: [],
    psk: false,
    ticketKeyName: undefined,
    earlyData: false,
    statusRequest: false,
    ech: undefined,
  };
  // Before TLS 1.2's extensions a hello could end here (RFC 5246 section 7.4.1.2).
  if (message.left > 0) readExtensions(new Cursor(message.vector16()), hello);
  message.end();
  return hello;
}

function readExtensions(extensions: Cursor, hello: Fields): void {
  const seen = new Set<number>();
  while (extensions.left > 0) {
    const type = extensions.uint16();
    const data = new Cursor(extensions.vector16());
    // RFC 8446 section 4.2: each type once; section 4.2.11: the pre-shared key is the last.
    if (seen.has(type) || hello.psk) throw new Malformed();
    seen.add(type);
    const read = READERS[type];
    if (read === undefined) continue;
    read(data, hello);
    data.end();
  }
}

/** By extension type; each reads all of its data. */
const READERS: Readonly<Record<number, (data: Cursor, hello: Fields) => void>> = {
  // server_name, RFC 6066 section 3. Names of other types than host_name never came to be, and OpenSSL takes one entry.
  0: (data, hello) => {
    const list = new Cursor(data.vector16(1));
    if (list.uint8() !== 0) throw new Malformed();
    const found = serverName(list.vector16(1));
    list.end();
    if (found.kind === 'bad') throw new BadServerName();
    if (found.kind === 'name') hello.serverName = found.name;
  },
  // status_request, RFC 6066 section 8.
  5: (data, hello) => {
    hello.statusRequest = data.uint8() === 1;
    data.take(data.left);
  },
  // supported_groups
  10: (data, hello) => {
    hello.groups = uint16s(data.vector16(2)).filter(meaningful);
  },
  // signature_algorithms
  13: (data, hello) => {
    hello.signatureSchemes = uint16s(data.vector16(2)).filter(meaningful);
  },
  // application_layer_protocol_negotiation, RFC 7301. GREASE there is of the same form in two bytes.
  16: (data, hello) => {
    const list = new Cursor(data.vector16(2));
    const alpn: string[] = [];
    while (list.left > 0) {
      const name = list.vector8(1);
      if (name.length !== 2 || meaningful(name.readUInt16BE(0))) alpn.push(name.toString('latin1'));
    }
    hello.alpn = alpn;
  },
  // session_ticket, RFC 5077: empty when the client has none.
  35: (data, hello) => {
    hello.ticketKeyName ??= keyName(data.take(data.left));
  },
  // pre_shared_key: its identities, then their binders.
  41: (data, hello) => {
    const identities = new Cursor(data.vector16(7));
    hello.ticketKeyName = keyName(identities.vector16(1));
    identities.take(4);
    while (identities.left > 0) {
      identities.vector16(1);
      identities.take(4);
    }
    data.vector16(33);
    hello.psk = true;
  },
  42: (_data, hello) => {
    hello.earlyData = true;
  },
  // supported_versions
  43: (data, hello) => {
    hello.versions = uint16s(data.vector8(2)).filter(meaningful);
  },
  // key_share: an empty list asks for a HelloRetryRequest.
  51: (data, hello) => {
    const list = new Cursor(data.vector16());
    const groups: number[] = [];
    while (list.left > 0) {
      groups.push(list.uint16());
      list.vector16(1);
    }
    hello.keyShares = groups.filter(meaningful);
  },
  // encrypted_client_hello, RFC 9849. OpenSSL 3.5 can't open it; it goes by the outer hello, and so do we.
  65037: (data, hello) => {
    hello.ech = data.uint8() === 0 ? 'outer' : 'inner';
    data.take(data.left);
  },
};

function keyName(ticket: Buffer): string | undefined {
  if (ticket.length < KEY_NAME_BYTES) return undefined;
  return ticket.toString('hex', 0, KEY_NAME_BYTES);
}

/** RFC 8701: values 0x?a?a with both bytes alike mean nothing. */
function meaningful(value: number): boolean {
  return (value & 0x0f0f) !== 0x0a0a || value >> 8 !== (value & 0xff);
}
