import { createHash, timingSafeEqual } from 'node:crypto';
import type { AdminRouter } from '@sallyport/admin';
import type { AuthConfig } from '../config.ts';

/**
 * Lets only those in who bring the door's own credentials by HTTP Basic (RFC 7617). Wrong ones are 401 like none: a 403 is what a
 * refused login looks like.
 */
export function basicGuard(
  router: AdminRouter,
  { username, password }: NonNullable<AuthConfig['http_basic']>,
): void {
  const wanted = digest(Buffer.from(`${username}:${password.reveal()}`));
  router.addHook('onRequest', async (request, reply) => {
    const given = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(request.headers.authorization ?? '');
    // Digests: equal lengths, which timingSafeEqual asks for, and no hint of the password's own.
    if (timingSafeEqual(digest(Buffer.from(given?.[1] ?? '', 'base64')), wanted)) return undefined;
    return reply
      .code(401)
      .header('www-authenticate', 'Basic realm="restricted", charset="UTF-8"')
      .type('text/plain; charset=utf-8')
      .send('the credentials of the door are wanted');
  });
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
