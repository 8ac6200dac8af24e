import { type ActionsConfig, createActions } from '@sallyport/actions';
import type { Part, PartContext } from './part.ts';

export async function actionsPart(context: PartContext, config: ActionsConfig): Promise<Part> {
  const { bus, rings, clock, logger } = context;
  // Nobody else makes it, and auth seals with it.
  await rings.reader('messages-actions');
  return { service: createActions({ bus, clock, logger }, config), urls: () => [] };
}
