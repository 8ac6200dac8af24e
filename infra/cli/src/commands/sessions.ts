import type { ReplyOf, sessionsList, sessionsRevoke } from '@sallyport/contracts';
import { EXIT } from '@sallyport/runtime';
import { shortTime } from '../client/moment.ts';
import { operatorCommand } from '../client/operator-command.ts';
import { plainJson, table } from '../client/text.ts';
import { UsageError } from '../command.ts';

const audience = { type: 'string', default: 'default' } as const;
const audienceHelp =
  '--audience   the application, as the session plugin has it (default: default)';

const list = operatorCommand({
  name: 'sessions list',
  summary: 'list the sessions of a subject that go on',
  synopsis: '<subject> [--audience …] [--json]',
  help: [audienceHelp],
  options: { audience },
  words: { least: 1, most: 1 },
  async run({ client, terminal, json, positionals, option }) {
    const [subject = ''] = positionals;
    const query = new URLSearchParams({
      subject,
      audience: option('audience') ?? '',
      limit: '1000',
    });
    const path = `/sessions?${query}`;
    const { sessions } = await client.ask<ReplyOf<typeof sessionsList>>('GET', path);
    if (json) {
      terminal.stdout.write(`${plainJson(sessions, 2)}\n`);
      return EXIT.ok;
    }
    const rows = sessions.map(({ session, created, seen, expires, client: from }) => [
      ...[session, shortTime(created), shortTime(seen)],
      ...[expires === undefined ? 'never' : shortTime(expires), from?.address ?? '-'],
    ]);
    terminal.stdout.write(table(['SESSION', 'LOGIN', 'SEEN', 'EXPIRES', 'CLIENT'], rows));
    return EXIT.ok;
  },
});

const revoke = operatorCommand({
  name: 'sessions revoke',
  summary: 'end one session, or all of a subject',
  synopsis: '<id> | --subject <subject> [--except <id>] [--audience …] [--json]',
  help: [
    '--subject    end all sessions of this subject',
    '--except     but this one',
    audienceHelp,
    'Exit 1 when there is no such session.',
  ],
  options: { audience, subject: { type: 'string' }, except: { type: 'string' } },
  words: { least: 0, most: 1 },
  async run({ client, terminal, json, positionals: [id], option }) {
    const [subject, except] = [option('subject'), option('except')];
    if ((id === undefined) === (subject === undefined)) {
      throw new UsageError('takes either the id of a session or --subject');
    }
    if (except !== undefined && subject === undefined) {
      throw new UsageError('--except goes with --subject');
    }
    const of = option('audience') ?? '';
    type Revoked = ReplyOf<typeof sessionsRevoke>;
    const { revoked }: Revoked =
      id === undefined
        ? await client.ask('POST', '/sessions/revoke', {
            ...{ audience: of, subject },
            ...(except === undefined ? {} : { except }),
          })
        : await client.ask(
            'DELETE',
            `/sessions/${encodeURIComponent(id)}?${new URLSearchParams({ audience: of })}`,
          );
    const text = revoked === 1 ? '1 session ended' : `${revoked} sessions ended`;
    terminal.stdout.write(json ? `${plainJson({ revoked })}\n` : `${text}\n`);
    return EXIT.ok;
  },
});

export const sessionCommands = [list, revoke];
