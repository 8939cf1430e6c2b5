import { z } from "zod";
import { nameProblem } from "../datasets/column-name.ts";

/**
 * Field types shared by the endpoints. The contract's error texts print the regexes, so they are declared exactly as
 * printed, some with double anchors.
 */
const idPattern = /^[a-zA-Z][a-zA-Z_0-9]*$/;
const idExtPattern = /^[a-zA-Z][a-zA-Z_0-9@]*$/;
const namePattern = /^[a-zA-Z][a-zA-Z_0-9\- ]*$/;
const uuidPattern = /^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$/;
const base64Pattern = /^^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$$/;

export const fields = {
  uuid: z.string().regex(uuidPattern),
  /** Ids of projects and roles. */
  id: z.string().regex(idPattern).min(4).max(254),
  /** Ids of users, which may be mail addresses. */
  idExt: z.string().regex(idExtPattern).min(4).max(254),
  /** `idExt` with the odd length limit of GET /user. */
  idExtToFind: z.string().regex(idExtPattern).min(4).max(256),
  name: z.string().regex(namePattern).min(4).max(254),
  /** Name of a column group: any name that a file may give its columns. */
  columnName: z.string().superRefine((name, refinement) => {
    const problem = nameProblem(name);
    if (problem !== undefined) refinement.addIssue(`the name ${problem}`);
  }),
  /** UTF-8 text in base64; the length rule counts the encoded text. */
  passphrase: z.string().regex(base64Pattern).min(8).max(4096),
  /** The same as plain text, sent by clients before 2024-10-19. */
  password: z.string().min(8).max(4096),
  /** Where the end of a task is posted; the action checks the rest. */
  notifyUrl: z.string().max(2048),
  page: z.int().min(0).max(1_000_000_000),
  int: (min: number, max: number) => z.int().min(min).max(max),
};

/** `YYYY-MM-DD HH:MM:SS`, UTC. */
export const timestampOutput = z.string();
