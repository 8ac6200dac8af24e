import { sessionPlugin } from '@sallyport/gateway';
import test from 'ava';

test('settings under the names of the first versions are read as the present ones', (t) => {
  const { value, faults } = sessionPlugin.validate({
    storage: 'kong',
    cookie_lifetime: 60,
    cookie_idletime: 0,
    cookie_discard: 5,
    cookie_samesite: 'Lax',
    cookie_httponly: false,
    cookie_renew: 600,
  });
  t.deepEqual(faults, {});
  const { rolling_timeout, idling_timeout, stale_ttl, cookie_same_site, cookie_http_only } = value;
  t.deepEqual([rolling_timeout, idling_timeout, stale_ttl], [60, 0, 5]);
  t.deepEqual([cookie_same_site, cookie_http_only], ['Lax', false]);
  t.false(Object.hasOwn(value, 'cookie_renew'));
  t.deepEqual(sessionPlugin.validate(value), { value, faults });
});

test('an earlier name replaces the value that an update finds under the present one', (t) => {
  const { value } = sessionPlugin.validate({ rolling_timeout: 3600, cookie_lifetime: 60 });
  t.is(value['rolling_timeout'], 60);
});

test('a secret in the settings is refused: the keys come from the key ring', (t) => {
  t.deepEqual(sessionPlugin.validate({ secret: 's' }).faults, { secret: 'unknown field' });
});

test('the logout arguments have names unless they are taken away', (t) => {
  t.is(sessionPlugin.validate({}).value['logout_query_arg'], 'session_logout');
  t.is(sessionPlugin.validate({ logout_query_arg: null }).value['logout_query_arg'], null);
});
