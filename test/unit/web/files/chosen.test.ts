import { describe, expect, it } from 'vitest'
import { picked, textFile } from '#web/files/chosen.ts'
import { kindOf } from '#web/files/file-links.ts'

const file = (name: string, webkitRelativePath = '') => Object.assign(new File([], name), { webkitRelativePath })

describe('a file that somebody chose', () => {
  it('is one file with others of its folder', async () => {
    const [single, folder] = picked([file('a.txt'), file('b.jpg', 'photos/2024/b.jpg'), file('c.jpg', 'photos/c.jpg')])
    expect([single?.name, folder?.name]).toEqual(['a.txt', 'photos'])
    const entries = folder !== undefined && 'entries' in folder ? await folder.entries() : []
    expect(entries.map(({ path }) => path)).toEqual(['2024/b.jpg', 'c.jpg'])
  })

  it('has an ending where it was text', () => {
    expect(textFile('x', 'story').name).toBe('story.txt')
    expect(textFile('x', 'story.md').name).toBe('story.md')
  })
})

describe('how a file could be shown', () => {
  it.each([
    ['a.PNG', 'picture'],
    ['a.jpeg', 'picture'],
    ['notes.txt', 'text'],
    ['song.ogg', 'audio'],
    ['film.webm', 'video'],
    ['drawing.svg', 'picture'],
    ['page.html', undefined],
    ['png', undefined],
    ['a.png.exe', undefined],
  ])('%s: %s', (name, kind) => expect(kindOf(name)).toBe(kind))
})
