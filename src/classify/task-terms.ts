/**
 * Which words speak for which task, and how strongly: 1 is a hint, 3 settles it unless something contradicts.
 * Whole words and phrases only, so that neither "classmate" nor "letter" of "newsletter" counts.
 */
import type { Task } from './classification.ts'

/** `weight: terms, separated by commas`. */
type Terms = Readonly<Record<string, string>>

export const TASK_TERMS: Readonly<Partial<Record<Task, Terms>>> = {
  code: {
    '3': `python, javascript, typescript, c++, c#, golang, kotlin, php, sql, mysql, postgres, postgresql, sqlite, html, css, bash,
      powershell, regex, regexp, numpy, pandas, pytorch, tensorflow, django, flask app, flask api, kubernetes, dockerfile, traceback,
      segfault, refactor, stack trace, null pointer, unit test, unit tests, code block, leetcode, luau, roblox, vba,
      opencv, npm, webpack, js, nodejs, node js, next js, jsx, css, git, github actions, one liner, linked list,
      binary tree, hash map, source code, write a function, a function to, function that takes, function that returns,
      write a program, write a script, a script that, python function, java function, code snippet, coding, programming,
      google sheets, bash command, shell script, stack overflow, center a div, a function that, write the code, write code, my code, this code, following code`,
    '2': `java, in ruby, ruby code, ruby on rails, perl, matlab, docker, linux, ubuntu, debian, ssh, in react, react component, react app, react native, reactjs, angular app, vue, svelte, terraform,
      ansible, nginx, makefile, cmake, assembly code, assembly language, in c, in rust, in go, in r, in swift, in kotlin, solidity, graphql, websocket, selenium, arduino, verilog, haskell, scala,
      lua, zig, fortran, cobol, smart contract, rest api, compiler, debug, debugging, exception, algorithm, recursion,
      async, boolean, data structure, data structures, excel function, excel formula, time complexity, pygame, malbolge, nixos, graphviz, código, código fuente, codice, skript, skrypt, kod, код, скрипт, программу, функцию, mã nguồn, programme en, funktion in,
      android app, ios app, my loop, last commit, django, sqlalchemy, kubectl, aws lambda, pip, codebase, pull request,
      in unity, unity game, godot, unreal engine, qt, cuda, gpu kernel, backend, frontend, database schema, web app, api endpoint, json schema, yara, ffmpeg, autohotkey, wordpress, spring boot, laravel, oauth, endpoint`,
    '1': `code, script, function, program, array, string, loop, api, json, yaml, xml, excel, server, database, query, commit,
      repository, compile, bug, variable, tuple, tuples, print, latex, markdown, implement, debug, libraries,
      app, website, rst, url in, terminal, command, class in, pointer, struct, substring, branch, config, firmware, plugin, readme, stylesheet`,
    '0.5': `element, elements, input, output, lists, list of, integer`,
    '-1': `c major, dress code, zip code, code of conduct, javascript developer job`,
  },
  web_search: {
    '3': `in the news, near me, exchange rate, stock price, search the web, search online, trading at, out yet,
      current date, this week, look up online, current price, latest news, current events, travel alert, travel alerts, traffic, weather, dollar worth`,
    '2': `right now, tonight, last night, how busy, worth in, alerts, opening hours, last week, next week, forecast, nearby, open on, bitcoin, who won, flight, flights, look up, news,
      announced, this year, this month, next month, last month, latest, find me a, price of, delays, yesterday, breaking,
      release date, find the directions, list the links, link to these, what time is it, how crowded, good reviews, recently, up to date, according to the latest, search for, most recent, just been`,
    '1': `current, currently, today, tomorrow, weekend, rain, snow, restaurant, restaurants, near, wait, crowded, reservation, happening,
      score, update on, travel, airport, gate, plane, land, headline, president, prime minister, election, google,
      url, urls, reliable sources, reference, route, directions, jam, stuck, outside, busy, road, headlines, government, dollar, euro, seated, wait time, delayed, hotel, meal, reviews, sunny, cold, hot, humid, windy`,
  },
  summarisation: {
    '4': `summarise, summarize, summarising, summarizing, tldr, tl dr, in a nutshell, boil this down, gist, sum up, sums up, key takeaways, extract key points, sum the following, sum this, condense, resumen, resume este, résume, résumer, zusammenfassung, fasse, riassumi, podsumuj, суммируй, кратко`,
    '3': `main points, key points, takeaways, synopsis, brief summary, short summary, concise summary, write a summary,
      generate a summary, give a summary, in brief, summary of, main takeaways, a title for this, generate a title, shorten this, highlights of`,
    '2': `summary, recap, shorten, brief manner, in 2 or 3 sentences, one line, few sentences, headline for, title for this article, abridge`,
    '-3': `matches this summary, profile summary, this summary`,
  },
  classification: {
    '4': `classify, pick a category, klassifiziere, clasifica, classe ce, классифицируй, categorize, categorise, positive or negative, negative or positive, positive negative or neutral, which category, what label, best descriptor, descriptors,
      is this review, good or bad, spam or not, not duplicates, not offensive, not relevant, does this product review`,
    '3': `classified, sentiment, best describes, label each, which department, the viewer feel, reviewer find, section of a newspaper, a piece of news,
      are duplicates, same thing, the same meaning, decide whether, decide if, decide which, is spam, sarcasm, toxic, stance of, equivalent questions, product review positive, product review negative, this asking about, movie review`,
    '2': `category, categories, offensive, pick one, duplicate, duplicates, belongs to, what genre, in what genres, part of speech, emotion expressed, true or false, asking about, one of the following, choose from, expressed in, paraphrase, paraphrases, ratings`,
    '1': `label, labels, spam, genre, topic of, yes or no, positive, negative, neutral, review, options, relevant, intent, description entity abbreviation`,
  },
  vision: {
    '3': `this picture, the picture, this photo, the photo, this image, the image, these images, this screenshot, the screenshot,
      attached image, attached photo, attached picture, this receipt, these two charts, this chart, this diagram, this painting, in this scan, handwriting, handwritten, photo of, on this sign, on this label`,
    '1': `picture, photo, image, screenshot, receipt, shown, visible`,
    '-3': `docker image, images of, container image, image processing, image classification, stable diffusion, image url, profile picture, big picture, generate an image, motion picture`,
  },
  math: {
    '3': `solve for, square root, calculate, equation, equations, integral, derivative, theorem, polynomial, probability, how many ways, divided by, differentiate,
      interval notation, prove that, perimeter, simplify, triangle, compute, celsius, fahrenheit, celcius, how many more, how many fewer, in total, what is the sum, find the value, nth term, matrix, eigenvalue`,
    '2': `solve, times, percent, plus, minus, multiply, subtract, how many, how much, ounces, pounds, kilos, miles, prove, integer, integers, degrees, ratio, sum of, average of, altogether, per hour, each day, each week, area of, formula, variance, mean of, tip on, frac, sqrt, mathbb, overline`,
    '1': `total, twice, half, cost, each, left, fraction, number of, number`,
  },
  translation: {
    '4': `übersetze, übersetzen, traduce, traducir, traduis, traduire, traduzir, traduci, переведи, przetłumacz, version of this text, translate, translation, translating, how do you say, how do i say, how can i say, how would you say, wie sagt man, say thank you, what is spanish for, what is french for, word means, word for`,
    '3': `into french, into spanish, into german, into hindi, into arabic, into english, into chinese, into japanese, into polish, into korean, into italian, into portuguese, into russian, to french, to spanish, to german, to polish, to korean, to japanese, to english, in french, in spanish, in japanese, in italian, in german, in chinese, auf englisch`,
  },
  extraction: {
    '4': `extract, named entities, every date, find all quotes, extracting, retrieve the, from this passage, object with keys, pull out, turn by turn directions`,
    '2': `json object, list all the, names from, table chart, from the text below, fields, out of this, in the passage, key value`,
  },
  reasoning: {
    '4': `sudoku, houses, clue, clues, riddle, brain teaser, logic puzzle, necessarily, who is shortest, who is tallest`,
    '2': `puzzle, taller than, older than, has two sons, had four kids, schedule the meetings, deduce, infer`,
  },
  writing: {
    '3': `gedicht, geschichte, poema, cuento, poème, histoire, historia, racconto, рассказ, стих, сочини, расскажи, opowieść, truyện, câu chuyện, poem, haiku, essay, short story, write a story, tell me a story, a story, cover letter, blog post, lyrics, monologue, dialogue, screenplay, novel,
      rewrite, rephrase, paraphrase this, proofread, write an article, write a letter, write an email, a paragraph, tagline, slogan, speech, ascii art, act as, fiction, fanfic, fan fiction, put the concepts together, write a sentence, a sentence about, form a sentence, star review, storyline, job description, profile summary, napisz, напиши, escribe, schreibe, écris`,
    '2': `write, story, draft, email, letter, compose, song, joke, script for, plot, chapter, character, scene, brainstorm, creative, caption, tweet, press release, return policy, invitation, resume, description for, imagine, generate a, wordy`,
    '1': `article, tone, style, sentence, title, create`,
  },
}

/** For Chinese, Japanese, Korean and Thai, which set no blanks between words. */
export const UNSPACED_TERMS: readonly (readonly [task: Task, pattern: RegExp])[] = [
  ['code', /代码|编程|编写.{0,8}(?:程序|脚本)|脚本|コード|プログラム|关数|関数|코드|함수|프로그램|โค้ด/],
  ['summarisation', /总结|概括|摘要|總結|要約|まとめて|요약|สรุป/],
  ['translation', /翻译|翻譯|翻訳|訳して|번역|แปล/],
  ['classification', /分类|分類|归类|분류/],
  ['vision', /图片|照片|截图|图中|画像|写真|사진|이미지/],
  ['web_search', /天气|今天|最新|新闻|天気|今日|ニュース|날씨|뉴스|오늘/],
  ['math', /计算|求解|证明|方程|概率|計算|証明|方程式|계산|증명/],
  ['writing', /写一(?:篇|首|个|封)|故事|作文|诗歌|小说|物語|小説|詩を|이야기|소설|써줘/],
]
