import type { Route } from '@sallyport/gateway';
import { message } from '../plugins/message.ts';
import type { Answer, RequestHead } from './exchange.ts';

/** What a plain request gets from a route for https only: the route's redirect, or 426 as Kong words it. */
export function toHttps(
  { https_redirect_status_code: status }: Route,
  { host, path, query }: RequestHead,
  port: number,
): Answer {
  if (status === 426 || host === undefined) {
    return message(426, 'Please use HTTPS protocol', { upgrade: 'TLS/1.2, HTTP/1.1' });
  }
  const authority = port === 443 ? host.name : `${host.name}:${port}`;
  const location = `https://${authority}${path}${query === '' ? '' : `?${query}`}`;
  return { status, headers: { location } };
}
