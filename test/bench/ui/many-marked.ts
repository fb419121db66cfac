import { newHome } from '../../e2e/host.ts';
import { openWindow, type OpenedWindow } from '../../e2e/opened-window.ts';
import { multiplyQuestion } from '../../store/long-session.ts';

/** The window of a session with so many answers on the frames of the bundled clip, all of them read. */
export async function openWithAnswers(answers: number): Promise<OpenedWindow & { readonly home: string }> {
  const home = newHome();
  const opened = await openWindow(home, { viewport: { width: 1440, height: 900 } });
  opened.context.setDefaultTimeout(300_000);
  const { window } = opened;
  await window.waitUntilAskable();
  await window.ask('What organ is being operated?');
  await window.waitForAnswer();
  await opened.restart(() => multiplyQuestion(home, answers));
  await window.answerList.and(window.page.locator('[aria-busy="false"]')).waitFor();
  return Object.assign(opened, { home });
}
