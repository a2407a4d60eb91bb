import { linesOf, type RunContext } from './context.ts'

/** Says one message, and knows what became of it. */
export async function sayLine(run: RunContext, text: string): Promise<void> {
  const { client } = run.member
  await client.pay(1)
  const answer = await client.ask({ type: 'say', text })
  if (answer.type === 'rejected') run.refuse(answer)
}

/** Says each line of the input, as it comes; a blank one says nothing. */
export async function sayLines(run: RunContext): Promise<void> {
  const { client } = run.member
  for await (const line of linesOf(run)) if (line !== '') await client.say([line])
  // Refusals of lines come with their commit.
  await run.parts.engine.settled()
}
