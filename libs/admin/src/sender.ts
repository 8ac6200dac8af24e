import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Who sent the request, judged by its head alone; what is wrong with it, or undefined. */
export type Objection = { readonly status: 400 | 403 | 421; readonly detail: string };

export interface SenderRules {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/**
 * Judges Host, Origin and Sec-Fetch-Site.
 *
 * A browser on this machine reaches a loopback listener like anybody else. A page whose name was made to resolve
 * to us (DNS rebinding) still sends its own name as Host: only names we know are answered, and an address only if
 * it is the one the connection came in on. A page that simply sends requests here is told by its Origin or by
 * Sec-Fetch-Site (Fetch Metadata, W3C), which scripts can't set. Programs send neither.
 */
export function judgeSender(request: IncomingMessage, rules: SenderRules): Objection | undefined {
  const hosts = valuesOf(request, 'host');
  const [host] = hosts;
  if (host === undefined || hosts.length > 1) {
    return { status: 400, detail: 'exactly one Host header is wanted' };
  }
  if (request.url?.startsWith('/') !== true) {
    return { status: 400, detail: 'the request target must be a path' };
  }
  const name = hostName(host);
  if (name === undefined) return { status: 400, detail: 'the Host header is malformed' };
  if (!knownHost(name, request.socket.localAddress, rules.allowedHosts)) {
    return { status: 421, detail: 'this listener is not known by that Host; see allowed_hosts' };
  }
  return judgePage(request, host, rules.allowedOrigins);
}

function judgePage(
  request: IncomingMessage,
  host: string,
  allowed: readonly string[],
): Objection | undefined {
  const origins = valuesOf(request, 'origin');
  const [origin] = origins;
  const listed = origins.length === 1 && origin !== undefined && allowed.includes(origin);
  // Our own pages: the same authority that was asked. The scheme is http, or https before a proxy of ours.
  const own =
    origins.length === 1 &&
    (origin === `http://${host.toLowerCase()}` || origin === `https://${host.toLowerCase()}`);
  if (origins.length > 0 && !listed && !own) {
    return { status: 403, detail: 'requests from other sites are refused; see allowed_origins' };
  }
  const sites = valuesOf(request, 'sec-fetch-site');
  // `none`: typed into the address bar, or from a bookmark.
  const fine = sites.every((site) => site === 'same-origin' || site === 'none');
  if (sites.length > 1 || (!fine && !listed)) {
    return { status: 403, detail: 'requests from other sites are refused; see allowed_origins' };
  }
  return undefined;
}

/** Every value of a header, as sent: Node's own table keeps only the first of some. */
function valuesOf(request: IncomingMessage, name: string): string[] {
  const { rawHeaders } = request;
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}

/** `name`, `name:port`, `1.2.3.4:port` or `[::1]:port` without the port, in lower case; undefined when it is none of them. */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_.-]{1,253}))(?::\d{1,5})?$/i.exec(host);
  const address = match?.[1];
  if (address !== undefined) return isIP(address) === 6 ? address.toLowerCase() : undefined;
  return match?.[2]?.toLowerCase().replace(/\.$/, '');
}

function knownHost(
  name: string,
  localAddress: string | undefined,
  allowed: readonly string[],
): boolean {
  if (name === 'localhost' || allowed.some((host) => host.toLowerCase() === name)) return true;
  // An IPv4 address on a socket for both families is written ::ffff:1.2.3.4.
  return isIP(name) !== 0 && name === localAddress?.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}
