/**
 * What to ask when nobody says what.
 *
 * @module
 */

import { REPOSITORY } from "./options.ts";

const ABOUT_THIS_REPOSITORY = [
  "How does the saver store a checkpoint in Kusto, and what happens when a thread is deleted?",
  "What does the embedded Kusto refuse, and how does it keep rows across restarts?",
  "Which limits does Kusto put on a cell, and how are big values stored?",
  "When does a write count as durable, and what is retried?",
];

const ABOUT_ANY_FOLDER = [
  "What is this about, and how is it used?",
  "Which limits, errors and exceptions does it name?",
  "Which steps and examples help a newcomer to start?",
];

/** The question for a folder after a number of earlier ones; they come round again. */
export function defaultQuestion(folder: string, earlier: number): string {
  const questions = folder === REPOSITORY ? ABOUT_THIS_REPOSITORY : ABOUT_ANY_FOLDER;
  return questions[earlier % questions.length] ?? "";
}

/** What a fork asks instead of a question. */
export function defaultFork(question: string): string {
  return `Which errors and limits matter here: ${question}`;
}
