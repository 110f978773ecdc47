"""Figures of the house: lines, shapes, functions, rooms. `python measure.py` in a checkout."""
import ast, pathlib, statistics, subprocess
files = subprocess.run(["git","ls-files","-co","--exclude-standard"],capture_output=True,text=True).stdout.split()
import os
files=[f for f in files if os.path.isfile(f) and not os.path.islink(f)]
def lines(f): return sum(1 for _ in open(f, encoding="utf-8"))
CODE=(".py",".go",".html",".css",".js")
def group(f):
    top=f.split("/")[0]
    if top in ("mbs","erasure","policies","providers") or f in ("__main__.py",): return "product"
    if top in ("sandbox","bench","engine","ci"): return top
    if top=="tests": return "tests"
    return None
sums={}
for f in files:
    g=group(f)
    if g and (f.endswith(CODE) or f=="engine/ensure"): sums[g]=sums.get(g,0)+lines(f)
print("lines",sums,"all but tests",sum(v for k,v in sums.items() if k!="tests"))
prod=[f for f in files if group(f)=="product" and f.endswith(".py")]
fn=[];classes=0;total=0
for f in prod:
    t=ast.parse(open(f).read()); total+=lines(f)
    for n in ast.walk(t):
        if isinstance(n,(ast.FunctionDef,ast.AsyncFunctionDef)): fn.append(n.end_lineno-n.lineno+1)
        if isinstance(n,ast.ClassDef): classes+=1
fn.sort()
print("functions",len(fn),"median",statistics.median(fn),"p90",fn[int(len(fn)*.9)],"max",fn[-1])
print("product py lines",total,"classes",classes,"per 1000",round(classes*1000/total,1))
rooms=set();arrows=set()
def room(mod):
    p=mod.split(".")
    if p[0]!="erasure" or len(p)<2: return None
    return p[1]
for f in prod:
    if not f.startswith("erasure/"): continue
    p=f.split("/"); me=p[1].removesuffix(".py")
    if me in("__init__","__main__"): continue
    rooms.add(me)
    for n in ast.walk(ast.parse(open(f).read())):
        mods=[]
        if isinstance(n,ast.ImportFrom) and n.module:
            mods=[n.module]+[n.module+"."+a.name for a in n.names] if n.module=="erasure" else [n.module]
        if isinstance(n,ast.Import): mods=[a.name for a in n.names]
        for m in mods:
            r=room(m)
            if r and r!=me: arrows.add((me,r))
print("rooms in erasure",len(rooms),"arrows",len(arrows))
com=0
import tokenize
for f in prod:
    with open(f,"rb") as h:
        for tok in tokenize.tokenize(h.readline):
            if tok.type==tokenize.COMMENT: com+=1
print("comments %",round(100*com/total,1))
# Shapes of a binding: classes of the product that hold one binding, or what is known of one, under a name of their own.
SHAPES={"UserEntry","ComputerEntry","Identity","Entry","Wanted","Released","Elsewhere","Spelled","Bound","UserComputer","Facts","Observation","Look","Person","Evidence","UserEvidence","Event","Record","Life","Erasure","PlannedPurge","Purge","Row","Pair","ConcernedUser","Place","Unlisted","DueLater","Verified","NewLook"}
found=[]
for f in prod:
    for n in ast.walk(ast.parse(open(f).read())):
        if isinstance(n,ast.ClassDef) and n.name in SHAPES: found.append(f"{f.rsplit('/',1)[-1][:-3]}.{n.name}")
print("shapes",len(found),sorted(found))
print("rules",sorted(n.name for f in prod for n in ast.walk(ast.parse(open(f).read())) if isinstance(n,ast.ClassDef) and n.name in {"Finding","Fired","FiredRule","Rule","Recent"}))
