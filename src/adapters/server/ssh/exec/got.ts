import { rejected } from '#domain/errors.ts'
import { namedFiles } from '../sftp/names.ts'
import { linesOf, type RunContext } from './context.ts'

/** A line of `sha256sum`, or the same as words of a command. */
const SUM = /^\\?([0-9a-fA-F]{64}) [ *]?(?:.*\/)?(.+)$/

/** Tells the room that the client has a file, whole: its own digest of it proves that. Without a `line` each line of the input is one. */
export async function gotFiles(run: RunContext, line: string): Promise<void> {
  if (line !== '') return await gotFile(run, line)
  for await (const each of linesOf(run)) if (each !== '') await gotFile(run, each)
}

async function gotFile(run: RunContext, line: string): Promise<void> {
  const { client, session } = run.member
  const [, digest = '', name = ''] = SUM.exec(line) ?? []
  const called = namedFiles(session.files).filter((each) => each.name === name || each.file.file.name === name)
  const found = called.find(({ file }) => file.status === 'whole' && file.file.sha256 === digest.toLowerCase())
  await client.pay(1)
  if (digest === '')
    run.refuse(rejected('BAD_COMMAND', 'type got DIGEST NAME, or give the lines of sha256sum as the input'))
  else if (called.length === 0) run.refuse(rejected('NO_SUCH_FILE', `no file is called ${name}; ls lists them`))
  else if (found === undefined) run.refuse(rejected('NO_SUCH_FILE', `no ${name} here has this digest; get it again`))
  else {
    const answer = await client.ask({ type: 'receiveFile', file: found.file.file.id })
    if (answer.type === 'rejected') run.refuse(answer)
  }
}
