import { defineEvent, defineFeed, defineJob, defineRpc } from '@sallyport/contracts';
import Type from 'typebox';

const data = Type.Object({ n: Type.Integer(), text: Type.Optional(Type.String()) });

/** Messages that exist for the suite only. */
export const noted = defineEvent({ type: 'trial.noted', version: 1, summary: 'A number.', data });
export const other = defineEvent({ type: 'other.noted', version: 1, summary: 'Another.', data });
export const chore = defineJob({ type: 'trial.chore', version: 1, summary: 'Work on it.', data });
export const twice = defineRpc({
  ...{ type: 'trial.twice', version: 1, summary: 'Doubles it.', data },
  reply: Type.Object({ n: Type.Integer() }),
});
export const numbers = defineFeed({ type: 'trial-numbers', version: 1, summary: 'A list.', data });
