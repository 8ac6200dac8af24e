import type { DemoLogin } from './login.ts';

/** What the demonstration changes in the configuration of a fresh system, by section. */
export function demoSettings(login: DemoLogin) {
  return {
    certs: { allow: { patterns: ['*.localhost', '*.example'] } },
    auth: { backends: [{ kind: 'file', path: login.usersFile }], post_actions: ['note'] },
    actions: { list: [{ kind: 'log', name: 'note' }] },
  };
}
