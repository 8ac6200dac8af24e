import type { ConfigFile } from '@sallyport/runtime';
import type { DemoLogin } from './login.ts';

/** What the demonstration changes in the configuration of a fresh system. JSON is YAML. */
export function demoSettings(login: DemoLogin, issuers: readonly object[]): ConfigFile {
  return {
    name: 'the demonstration',
    text: JSON.stringify({
      certs: { allow: { patterns: ['*.localhost', '*.example'] }, issuers },
      auth: { backends: [{ kind: 'file', path: login.usersFile }], post_actions: ['note'] },
      actions: { list: [{ kind: 'log', name: 'note' }] },
    }),
  };
}
