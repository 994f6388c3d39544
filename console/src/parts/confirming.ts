import { reactive } from "vue"

export interface Question {
  title: string
  text: string
  /** What the button does, as a verb: "Delete 3 items". */
  action: string
  danger?: boolean
}

/** The question that is open now. One at a time: the shell shows it. */
export const asked = reactive<{ question: Question | undefined; answer: (yes: boolean) => void }>({
  question: undefined,
  answer: () => undefined,
})

/** Asks before what cannot be taken back. */
export function confirm(question: Question): Promise<boolean> {
  asked.answer(false)
  return new Promise((resolve) => {
    asked.question = question
    asked.answer = (yes) => {
      asked.question = undefined
      asked.answer = () => undefined
      resolve(yes)
    }
  })
}
