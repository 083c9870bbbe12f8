# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of felucca(1) for bash. Names come from the daemon, which is started for them as for any
# other call, but waited for no longer than a second; and it never asks the user for anything then.

# KIND CURRENT: the names of this kind that begin so, quoted for the line.
_felucca_names()
{
  local name quoted

  while IFS=$'\t' read -r name _; do
    if [[ $name == "$2"* ]]; then
      printf -v quoted %q "$name"
      COMPREPLY+=("$quoted")
    fi
  done < <(command felucca __complete "$1" 2>/dev/null)
}

# What is behind --, from this word on.
_felucca_command()
{
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif ((COMP_CWORD == $1)); then
    mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
  fi
}

# Whether the value of NAME=VALUE is what is being typed, and belongs to --env.
_felucca_is_wish()
{
  local at=$COMP_CWORD

  [[ ${COMP_WORDS[at]} == '=' ]] || at=$((at - 1))
  [[ ${COMP_WORDS[at]} == '=' ]] || return 1
  at=$((at - 2))
  [[ ${COMP_WORDS[at]} != '=' ]] || at=$((at - 1))
  [[ ${COMP_WORDS[at]} == --env || ${COMP_WORDS[at]} == -e ]]
}

# VERB CURRENT NUMBER FIRST: what is an operand at this place, with so many before it.
_felucca_kind()
{
  case $1:$3 in
    create:0) echo targets ;;
    get:0 | run:0)
      # Ids are for who has begun to type one: each database is there once, by its name.
      if [[ -z $2 || $2 == */* ]]; then echo targets; else echo stored; fi
      ;;
    list:0 | prune:0) echo scopes ;;
    rotate:0 | revoke:*) echo ids ;;
    sign-in:0 | sign-out:0) echo backends ;;
    backends:1) [[ $4 != reset ]] || echo backends ;;
  esac
}

_felucca()
{
  local -A options=(
    [sign-in]='--token-stdin --no-browser'
    [sign-out]='--revoke-credentials'
    [create]='--tenant --internal --ttl --label --request-id'
    [get]='--create --tenant --internal --ttl'
    [run]='--create --env --tenant --internal --ttl --revoke-on-exit'
    [list]='--provider'
    [rotate]='--overlap --ttl --label'
    [revoke]='--local-only'
    [prune]='--yes'
    [unresolved]=''
    [status]=''
    [backends]=''
  )
  local verbs='sign-in sign-out create get run list rotate revoke prune unresolved status backends'
  local globals='--backend --format --json --no-prompt --quiet --version --help'
  local valued='--backend -b --format -f --tenant -t --label -l --request-id --ttl --overlap -o --env -e'
  local formats='table password url json env nile-env pgpass conninfo'
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local i word verb='' skip='' words kind='' operands=()

  # In COMP_WORDS --format=url is three words.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $verb == run && $word == -- ]]; then
      _felucca_command $((i + 1))
      return
    elif [[ $word == '=' ]]; then
      skip=yes
    elif [[ -n $skip ]]; then
      skip=''
    elif [[ " $valued " == *" $word "* ]]; then
      skip=yes
    elif [[ -z $verb && " $verbs " == *" $word "* ]]; then
      verb=$word
    elif [[ -n $verb && $word != -* ]]; then
      operands+=("$word")
    fi
  done

  case $previous in
    --format | -f)
      words=$formats
      [[ -z $verb || $verb == create || $verb == get || $verb == rotate ]] || words='table json'
      ;;
    --backend | -b)
      words='' kind=backends
      ;;
    --tenant | -t)
      words='' kind=tenants
      ;;
    --label | -l | --request-id | --ttl | --overlap | -o | --env | -e)
      words=''
      ;;
    *)
      words="$globals ${verb:+${options[$verb]}}"
      [[ -n $verb || $current == -* ]] || words=$verbs
      [[ -z $verb || $current == -* ]] || words=''
      if [[ $verb == run ]] && _felucca_is_wish; then
        words='password url json conninfo'
      fi
      if [[ $verb == backends && $current != -* && ${#operands[@]} == 0 ]]; then
        words='check reset'
      elif [[ $verb == backends && $current != -* && ${operands[0]} == check ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
      elif [[ $verb == unresolved && $current != -* ]]; then
        case ${#operands[@]} in
          0) words='revoke keep forget' ;;
          1) kind=intents ;;
        esac
      elif [[ $current != -* && -z $words ]]; then
        kind=$(_felucca_kind "$verb" "$current" "${#operands[@]}" "${operands[0]-}")
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [[ -z $kind ]] || _felucca_names "$kind" "$current"
}

complete -F _felucca felucca
