import { ErrorReport, WorkstationError } from '../../preload/contract/index.ts';

/** The error that the workstation answered a request for pixels or times with. */
export async function failureOf(response: Response, what: string): Promise<WorkstationError> {
  const body: unknown = await response.json().catch(() => null);
  const report = ErrorReport.safeParse(
    typeof body === 'object' && body !== null && 'error' in body ? body.error : body,
  );
  if (report.success) {
    return new WorkstationError(report.data.code, report.data.message, report.data.hint);
  }
  return new WorkstationError(
    response.status === 401 ? 'not-allowed' : 'unavailable',
    `${what} could not be fetched (status ${response.status}).`,
    'Step once more. If it stays so, open the video again.',
  );
}
