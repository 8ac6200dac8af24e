import { defineEvent, defineFeed, defineJob, defineRpc } from '@sallyport/contracts';
import Type from 'typebox';

const data = Type.Object({ n: Type.Integer() });
const summary = 'For tests only.';

export const noted = defineEvent({ type: 'trial.noted', version: 1, summary, data });
export const chore = defineJob({ type: 'trial.chore', version: 1, summary, data });
export const twice = defineRpc({ type: 'trial.twice', version: 1, summary, data, reply: data });
export const numbers = defineFeed({ type: 'trial-numbers', version: 1, summary, data });
