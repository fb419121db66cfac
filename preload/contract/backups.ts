import { z } from 'zod';
import { Timestamp } from './values.ts';

const Count = z.int().min(0);

/** What a database holds. The demonstration case is not counted, since every new database gets one. */
export const DatabaseContent = z.object({
  cases: Count,
  sessions: Count,
  questions: Count,
  answers: Count,
  /** When something in it was last made or changed; null if it is empty. */
  changedAt: Timestamp.nullable(),
});
export type DatabaseContent = z.infer<typeof DatabaseContent>;

/** A backup's file name in the data folder. */
export const BackupName = z.string().regex(/^workstation-(\d{6,12}-)?\d{8}T\d{6}Z\.db$/);

export const BackupEntry = z.object({
  name: BackupName,
  /** By the clock of the machine at that time, which may have been wrong. */
  writtenAt: Timestamp,
  /** Null if the file is damaged, or of a newer version. */
  content: DatabaseContent.nullable(),
  /** Whether it holds something that the present database does not hold. */
  holdsMore: z.boolean(),
});
export type BackupEntry = z.infer<typeof BackupEntry>;

/** Number and size of the pictures of frames that were asked about. They lie beside the database, and no backup holds them. */
export const KeptPicturesSum = z.object({ count: Count, bytes: Count });
export type KeptPicturesSum = z.infer<typeof KeptPicturesSum>;

export const BackupList = z.object({
  present: DatabaseContent,
  keptPictures: KeptPicturesSum,
  /** Newest first. */
  backups: z.array(BackupEntry),
});
export type BackupList = z.infer<typeof BackupList>;

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** "21 cases, 24 sessions, 8 questions and 9 answers" */
export function contentInWords(content: DatabaseContent): string {
  const { cases, sessions, questions, answers } = content;
  return `${counted(cases, 'case')}, ${counted(sessions, 'session')}, ${counted(questions, 'question')} and ${counted(answers, 'answer')}`;
}
